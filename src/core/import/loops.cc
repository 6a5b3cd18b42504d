// Loop Over Items: what stands in its loop becomes the body of a core/foreach.
#include "core/import/detail/read.h"
#include "core/import/detail/work.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::importer {

namespace {

constexpr std::int64_t kBatchMax = 10'000;

using Members = std::vector<bool>;  // by node

/// What the output for batches leads to, without going through the loop's own node.
Members body_of(const Flow& flow, std::size_t loop, std::size_t output) {
    Members out(flow.nodes.size());
    std::vector<std::size_t> open;
    const auto follow = [&](std::size_t from, std::optional<std::size_t> of_output) {
        for (std::size_t to = 0; to < flow.nodes.size(); ++to) {
            if (to == loop || out[to]) continue;
            for (const auto& links : flow.nodes[to].inputs) {
                for (const Link& link : links) {
                    if (link.from != from || (of_output && link.output != *of_output) || out[to]) continue;
                    out[to] = true;
                    open.push_back(to);
                }
            }
        }
    };
    follow(loop, output);
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        follow(at, std::nullopt);
    }
    return out;
}

/// Why it is no loop that comes back to where it began; empty when it is one.
std::string fault_of(const Flow& flow, std::size_t loop, const Node::Loop& its, const Members& body) {
    if (std::ranges::find(body, true) == body.end()) return "nothing stands in its loop";
    bool comes_back = false;
    for (std::size_t to = 0; to < flow.nodes.size(); ++to) {
        for (const auto& links : flow.nodes[to].inputs) {
            for (const Link& link : links) {
                const bool is_from_body = body[link.from];
                if (to == loop) comes_back = comes_back || is_from_body;
                const bool is_batch = link.from == loop && link.output == its.output;
                if (body[to] && !is_from_body && !is_batch)
                    return fmt::format("{} is led to from outside of its loop as well", flow.nodes[to].name);
            }
        }
    }
    return comes_back ? "" : "nothing comes back to it, so only its first items would be seen";
}

/// What its parameters say; nothing and a note when that is not a plain loop.
std::optional<Node::Loop> read_loop(Node& node) {
    if (node.version < 2) {
        node.notes.hand("a loop of the first version, which ends by an expression: write core/foreach");
        return std::nullopt;
    }
    static const JsonObject kNone;
    const Json* found = node.json->if_contains("parameters");
    const JsonObject& given = found != nullptr && found->is_object() ? found->get_object() : kNone;
    const Json* options = given.if_contains("options");
    if (options != nullptr && options->is_object() && options->get_object().contains("reset")) {
        node.notes.hand("a loop that is reset: write core/foreach");
        return std::nullopt;
    }
    const Json* size = given.if_contains("batchSize");
    if (size != nullptr && !size->is_number()) {
        node.notes.hand("the size of its batches is an expression: write core/foreach");
        return std::nullopt;
    }
    Node::Loop out{.output = node.version >= 3 ? 1u : 0u};
    out.batch =
        std::clamp<std::int64_t>(int_or(given, "batchSize", node.version >= 3 ? 1 : 10), 1, kBatchMax);
    return out;
}

}  // namespace

void find_loops(Flow& flow) {
    std::vector<std::size_t> sizes(flow.nodes.size());  // of the body of each loop
    for (std::size_t at = 0; at < flow.nodes.size(); ++at) {
        Node& node = flow.nodes[at];
        if (node.type != "splitInBatches" || node.is_disabled) continue;
        auto loop = read_loop(node);
        if (!loop) continue;
        const Members body = body_of(flow, at, loop->output);
        if (const std::string fault = fault_of(flow, at, *loop, body); !fault.empty()) {
            node.notes.hand(fault + ": write core/foreach");
            continue;
        }
        for (auto& links : node.inputs) {
            std::ranges::copy_if(links, std::back_inserter(loop->returns), [&](const Link& link) {
                return body[link.from];
            });
            std::erase_if(links, [&](const Link& link) { return body[link.from]; });
        }
        node.loop = std::move(loop);
        sizes[at] = static_cast<std::size_t>(std::ranges::count(body, true));
        for (std::size_t inner = 0; inner < body.size(); ++inner) {
            auto& around = flow.nodes[inner].around;
            if (body[inner] && (!around || sizes[at] < sizes[*around])) around = at;
        }
    }
}

/// What began the loop's body, and what it ends with: the items that came back, and whether it goes on. n8n
/// does not come back to the node when nothing is handed to it: neither more batches nor what follows.
void map_split_in_batches(Work& work) {
    Node& node = work.node;
    const Node::Loop& loop = *node.loop;
    JsonObject batch{{"id", batch_step(node)}, {"title", node.name}, {"uses", "core/map"}};
    batch["with"] = braces(node.is_tracked ? fmt::format("n8n.mark({}, item)", js_text(node.step)) : "item");
    const std::string back = node.step + "_back";
    JsonObject last{{"id", back}, {"title", node.name + ": what comes back"}, {"uses", "core/map"}};
    JsonArray needs;
    for (const Link& link : loop.returns) {
        const JsonObject need{{"step", source_step(work.flow, link)}, {"on", "finished"}};
        if (std::ranges::find(needs, Json(need)) == needs.end()) needs.emplace_back(need);
    }
    last["needs"] = std::move(needs);
    last["with"] = braces(fmt::format("{} ?? []", work.joined(loop.returns)));
    JsonObject stop{
        {"id", node.step + "_stop"}, {"title", node.name + ": nothing came back"}, {"uses", "core/break"}
    };
    stop["needs"] = JsonArray{Json(back)};
    stop["if"] = braces(fmt::format("steps.{}.output.length === 0", back));
    if (loop.returns.size() > 1)
        work.adapt("a batch goes on when all ways back are through; n8n does at the first");
    node.body_begin.emplace_back(std::move(batch));
    node.body_end.emplace_back(std::move(last));
    node.body_end.emplace_back(std::move(stop));
    JsonObject with{{"items", braces(work.input())}, {"batch", loop.batch}};
    JsonObject& step = work.before("", "core/foreach", std::move(with));
    step["output"] = braces(fmt::format("steps.{}.output", back));
}

}  // namespace weft::importer
