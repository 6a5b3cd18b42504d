#include "core/import/detail/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::importer {

namespace {

constexpr std::size_t kNodesMax = 200;
constexpr std::size_t kWiresMax = 2'000;
constexpr std::size_t kNumberMax = 50;  // of an input or output
constexpr std::size_t kIdBytesMax = 40;

constexpr std::string_view kBase = "n8n-nodes-base.";

/// Letters, digits and `_`, unlike all others.
std::string id_of(std::string_view name, const std::set<std::string>& taken) {
    std::string id;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain)
            id += c;
        else if (!id.empty() && id.back() != '_')
            id += '_';
    }
    while (id.ends_with('_')) id.pop_back();
    if (id.empty() || (id.front() >= '0' && id.front() <= '9')) id = "node_" + id;
    id = id.substr(0, kIdBytesMax);
    while (id.ends_with('_')) id.pop_back();
    std::string out = id;
    for (int number = 2; taken.contains(out); ++number) out = fmt::format("{}_{}", id, number);
    return out;
}

Result<void> read_node(const Json& value, Flow& flow, std::set<std::string>& ids) {
    const std::string field = fmt::format("nodes[{}]", flow.nodes.size());
    const JsonObject* object = value.if_object();
    if (object == nullptr || text_or(*object, "name").empty() || text_or(*object, "type").empty())
        return fail(Error::invalid("A node has a name and a type", field));
    Node node;
    node.json = object;
    node.name = text_or(*object, "name");
    if (flow.find(node.name) != nullptr)
        return fail(Error::invalid("Two nodes have this name", field + ".name"));
    node.type = text_or(*object, "type");
    if (node.type.starts_with(kBase)) node.type = node.type.substr(kBase.size());
    if (const Json* version = object->if_contains("typeVersion"); version != nullptr && version->is_number())
        node.version = version->get_number().to_double();
    const Json* off = object->if_contains("disabled");
    node.is_disabled = off != nullptr && *off == Json(true);
    node.outputs = node.is_disabled ? 1 : outputs_of(node);
    if (!node.is_disabled && text_or(*object, "onError") == "continueErrorOutput") ++node.outputs;
    node.step = id_of(node.name, ids);
    ids.insert(node.step);
    // Steps before it are called so, too.
    for (std::string_view suffix :
         {"call", "wait", "respond", "code", "batch", "back", "stop", "hand", "each", "made"})
        ids.insert(fmt::format("{}_{}", node.step, suffix));
    flow.nodes.push_back(std::move(node));
    return {};
}

Result<void> read_wire(
    const Json& wire, Link from, Flow& flow, const std::map<std::string, std::size_t>& by_name
) {
    if (!wire.is_object()) return fail(Error::invalid("A connection is an object", "connections"));
    const auto to = by_name.find(std::string(text_or(wire.get_object(), "node")));
    if (to == by_name.end()) return {};  // n8n passes over it, too
    const std::int64_t number = int_or(wire.get_object(), "index", 0);
    if (number < 0 || number >= static_cast<std::int64_t>(kNumberMax))
        return fail(Error::limit(fmt::format("A node has at most {} inputs", kNumberMax), "connections"));
    auto& inputs = flow.nodes[to->second].inputs;
    if (inputs.size() <= static_cast<std::size_t>(number))
        inputs.resize(static_cast<std::size_t>(number) + 1);
    auto& links = inputs[static_cast<std::size_t>(number)];
    if (std::ranges::find(links, from) == links.end()) links.push_back(from);
    return {};
}

Result<void> read_wires(const JsonObject& file, Flow& flow) {
    const Json* all = file.if_contains("connections");
    if (all == nullptr) return {};
    if (!all->is_object()) return fail(Error::invalid("connections is an object", "connections"));
    std::map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < flow.nodes.size(); ++i) by_name[flow.nodes[i].name] = i;
    std::size_t count = 0;
    for (const auto& [name, kinds] : all->get_object()) {
        const auto from = by_name.find(name);
        const Json* main = kinds.is_object() ? kinds.get_object().if_contains("main") : nullptr;
        if (from == by_name.end() || main == nullptr || !main->is_array()) continue;
        for (std::size_t output = 0; output < main->get_array().size(); ++output) {
            const JsonArray* wires = main->get_array()[output].if_array();
            for (const Json& wire : wires == nullptr ? JsonArray() : *wires) {
                if (++count > kWiresMax || output >= kNumberMax)
                    return fail(Error::limit(fmt::format("At most {} connections", kWiresMax), "connections")
                    );
                Node& node = flow.nodes[from->second];
                node.outputs = std::max(node.outputs, output + 1);
                CHECK_OK(read_wire(wire, {from->second, output}, flow, by_name));
            }
        }
    }
    return {};
}

/// Marks what a trigger reaches, cuts what comes back, and puts the nodes in order.
class Sorter {
  public:
    explicit Sorter(Flow& flow) : flow_(flow), state_(flow.nodes.size()), next_(flow.nodes.size()) {}

    void run() {
        for (std::size_t to = 0; to < flow_.nodes.size(); ++to)
            for (const auto& links : flow_.nodes[to].inputs)
                for (const Link& link : links) next_[link.from].push_back(to);
        for (std::size_t i = 0; i < flow_.nodes.size(); ++i)
            if (flow_.nodes[i].is_trigger) visit(i);
        std::ranges::reverse(flow_.order);
        drop_unreached();
    }

  private:
    enum State { kNew, kOpen, kDone };

    void visit(std::size_t root) {
        struct Frame {
            std::size_t node;
            std::size_t at;
        };
        if (state_[root] != kNew) return;
        std::vector<Frame> stack{{root, 0}};
        state_[root] = kOpen;
        while (!stack.empty()) {
            const std::size_t node = stack.back().node;
            if (stack.back().at == next_[node].size()) {
                state_[node] = kDone;
                flow_.nodes[node].is_reached = true;
                flow_.order.push_back(node);
                stack.pop_back();
                continue;
            }
            const std::size_t to = next_[node][stack.back().at++];
            if (state_[to] == kOpen) {
                cut(node, to);
            } else if (state_[to] == kNew) {
                state_[to] = kOpen;
                stack.push_back({to, 0});
            }
        }
    }

    void cut(std::size_t from, std::size_t to) {
        for (auto& links : flow_.nodes[to].inputs)
            std::erase_if(links, [&](const Link& link) { return link.from == from; });
        flow_.nodes[to].notes.hand(fmt::format(
            "a loop comes back to it from {}: write core/foreach or core/while", flow_.nodes[from].name
        ));
    }

    /// n8n never runs what no trigger reaches, so it brings nothing.
    void drop_unreached() {
        for (Node& node : flow_.nodes)
            for (auto& links : node.inputs)
                std::erase_if(links, [&](const Link& link) { return !flow_.nodes[link.from].is_reached; });
    }

    Flow& flow_;
    std::vector<State> state_;
    std::vector<std::vector<std::size_t>> next_;
};

std::string zone_in(const JsonObject& file, const Options& options, Flow& flow) {
    const Json* settings = file.if_contains("settings");
    std::string_view zone;
    if (settings != nullptr && settings->is_object()) zone = text_or(settings->get_object(), "timezone");
    if (!zone.empty() && zone != "DEFAULT") return std::string(zone);
    if (!options.zone.empty()) return options.zone;
    flow.notes.emplace_back(
        "The file names no time zone: UTC is taken. n8n takes the one of its installation."
    );
    return "UTC";
}

}  // namespace

bool is_note(const Node& node) {
    return node.type == "stickyNote";
}

Result<Flow> read_flow(const JsonObject& file, const Options& options) {
    Flow flow;
    flow.name = text_or(file, "name", "Imported workflow");
    const Json* nodes = file.if_contains("nodes");
    if (nodes == nullptr || !nodes->is_array() || nodes->get_array().empty())
        return fail(Error::invalid("This is no workflow of n8n: it has nodes and connections", "nodes"));
    if (nodes->get_array().size() > kNodesMax)
        return fail(Error::limit(fmt::format("At most {} nodes", kNodesMax), "nodes"));
    std::set<std::string> ids;
    flow.nodes.reserve(nodes->get_array().size());
    for (const Json& node : nodes->get_array()) CHECK_OK(read_node(node, flow, ids));
    CHECK_OK(read_wires(file, flow));
    flow.zone = zone_in(file, options, flow);
    std::size_t triggers = 0;
    for (Node& node : flow.nodes) {
        const NodeKind* kind = node_kind(node.type);
        const bool is_unknown =
            kind == nullptr && (node.type.ends_with("Trigger") || node.type.ends_with("trigger"));
        const bool starts = kind != nullptr ? kind->is_trigger : is_unknown;
        const bool has_input =
            std::ranges::any_of(node.inputs, [](const auto& links) { return !links.empty(); });
        node.is_trigger = starts && !has_input && !node.is_disabled;
        if (node.is_trigger) ++triggers;
    }
    flow.has_many_triggers = triggers > 1;
    find_loops(flow);
    Sorter(flow).run();
    if (const Json* pinned = file.if_contains("pinData");
        pinned != nullptr && pinned->is_object() && !pinned->get_object().empty())
        flow.notes.emplace_back("Pinned data of the editor is left out.");
    return flow;
}

}  // namespace weft::importer
