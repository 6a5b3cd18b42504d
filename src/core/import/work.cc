#include "core/import/detail/work.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::importer {

namespace {

constexpr std::size_t kRowsMax = 500;  // of one list among a node's parameters
constexpr int kAtOnce = 10;            // items of a node that calls another system; n8n does not wait at all

const Json* below_path(const JsonObject* at, std::string_view path) {
    while (at != nullptr) {
        const std::size_t dot = path.find('.');
        const Json* found = at->if_contains(path.substr(0, dot));
        if (dot == std::string_view::npos || found == nullptr) return found;
        at = found->if_object();
        path.remove_prefix(dot + 1);
    }
    return nullptr;
}

/// Whether the mapping of the node treats each item by itself, so that it does not matter how many times it
/// is carried out.
bool is_item_wise(const Node& node) {
    // What counts or looks at the other items sees all of them here, and those of one wire there.
    const Json* given = node.json->if_contains("parameters");
    const std::string parameters = given == nullptr ? "" : to_text(*given);
    for (std::string_view word : {"$itemIndex", "$runIndex", "$input", "$items", "$node", "$prevNode"})
        if (parameters.find(word) != std::string::npos) return false;
    if (const Json* once = node.json->if_contains("executeOnce"); once != nullptr && *once == Json(true))
        return false;
    for (std::string_view type :
         {"set", "noOp", "if", "filter", "switch", "renameKeys", "dateTime", "crypto", "splitOut"})
        if (node.type == type) return true;
    return node.is_disabled;
}

Result<NodeAccess> access(Flow& flow, const Node& node, std::string_view name, bool is_paired) {
    const Node* other = flow.find(name);
    if (other == nullptr) return fail(Error::invalid(fmt::format("there is no node {}", name)));
    const std::size_t here = flow.index_of(node);
    const std::size_t there = flow.index_of(*other);
    if (other->step.empty() || !flow.is_before(there, here))
        return fail(Error::invalid(fmt::format("{} is no node before this one", name)));
    if (other->around && !flow.is_within(here, *other->around))
        return fail(Error::invalid(fmt::format("{} is in a loop that this one is not in", name)));
    NodeAccess out;
    std::vector<std::size_t> used;  // outputs of it that lead here
    for (std::size_t at = 0; at < flow.nodes.size(); ++at) {
        if (at != here && !flow.is_before(at, here)) continue;
        for (const auto& links : flow.nodes[at].inputs)
            for (const Link& link : links)
                if (link.from == there && std::ranges::find(used, link.output) == used.end())
                    used.push_back(link.output);
    }
    if (other->outputs > 1 && used.size() != 1)
        return fail(Error::invalid(fmt::format("more than one output of {} leads here", name)));
    out.list = list_of(flow, {there, used.empty() ? 0 : used.front()}, false);
    const bool is_one = brings_one(flow, {there, used.empty() ? 0 : used.front()});
    out.paired = is_one ? "0" : fmt::format("paired.{}", other->step);
    if (is_paired && !is_one && flow.is_looking) flow.asked.insert(there);
    return out;
}

}  // namespace

std::string batch_step(const Node& loop) {
    return loop.step + "_batch";
}

std::string source_step(const Flow& flow, const Link& link) {
    const Node& from = flow.nodes[link.from];
    return from.loop && link.output == from.loop->output ? batch_step(from) : from.step;
}

bool brings_one(const Flow& flow, const Link& link) {
    const Node& from = flow.nodes[link.from];
    if (from.loop) return link.output == from.loop->output && from.loop->batch == 1;
    return from.is_single;
}

std::string list_of(const Flow& flow, const Link& link, bool may_be_skipped) {
    const Node& from = flow.nodes[link.from];
    const std::string base = fmt::format("steps.{}.output", source_step(flow, link));
    if (from.loop) return link.output == from.loop->output ? base : fmt::format("n8n.looped({})", base);
    if (from.outputs == 1) return base;
    return fmt::format("{}{}[{}]", base, may_be_skipped ? "?." : "", link.output);
}

std::string braces(const std::string& code) {
    return "{{ " + code + " }}";
}

Json literal_template(std::string_view text) {
    if (text.find("{{") == std::string_view::npos) return text;
    return braces(js_text(text));
}

const Node* Flow::find(std::string_view wanted) const {
    const auto found = std::ranges::find(nodes, wanted, &Node::name);
    return found == nodes.end() ? nullptr : &*found;
}

bool Flow::is_within(std::size_t node, std::size_t loop) const {
    for (auto around = nodes[node].around; around; around = nodes[*around].around)
        if (*around == loop) return true;
    return false;
}

bool Flow::is_before(std::size_t earlier, std::size_t later) const {
    std::vector<bool> seen(nodes.size());
    std::vector<std::size_t> open{later};
    while (!open.empty()) {
        const std::size_t at = open.back();
        open.pop_back();
        for (const auto& links : nodes[at].inputs) {
            for (const Link& link : links) {
                if (link.from == earlier) return true;
                if (!seen[link.from]) open.push_back(link.from);
                seen[link.from] = true;
            }
        }
    }
    return false;
}

Work::Work(Flow& its_flow, Node& its_node) : flow(its_flow), node(its_node) {
    scope.input = input();
    scope.zone = flow.zone;
    scope.workflow_name = flow.name;
    if (!node.inputs.empty() && node.inputs[0].size() == 1)
        scope.previous_node = flow.nodes[node.inputs[0][0].from].name;
    scope.node = [this](std::string_view name, bool is_paired) -> Result<NodeAccess> {
        TRY(NodeAccess out, access(flow, node, name, is_paired));
        if (out.paired != "0") out.paired = scope.item + "." + out.paired;
        return out;
    };
}

const Json* Work::param(std::string_view path) const {
    const Json* all = node.json->if_contains("parameters");
    return all == nullptr ? nullptr : below_path(all->if_object(), path);
}

std::string_view Work::text(std::string_view path, std::string_view fallback) const {
    const Json* found = param(path);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : fallback;
}

bool Work::flag(std::string_view path, bool fallback) const {
    const Json* found = param(path);
    return found != nullptr && found->is_bool() ? found->get_bool() : fallback;
}

std::string Work::js(std::string_view path, std::string_view fallback) {
    const Json* found = param(path);
    return found == nullptr ? std::string(fallback) : js_value(*found);
}

std::vector<const JsonObject*> Work::rows(std::string_view path) {
    std::vector<const JsonObject*> out;
    const Json* found = param(path);
    const JsonArray* list = found == nullptr ? nullptr : found->if_array();
    if (list == nullptr) return out;
    if (list->size() > kRowsMax) {
        hand(fmt::format("more than {} rows in {}", kRowsMax, path));
        return out;
    }
    for (const Json& row : *list)
        if (row.is_object()) out.push_back(row.if_object());
    return out;
}

std::string Work::js_of(const JsonObject& row, std::string_view member, std::string_view fallback) {
    const Json* found = row.if_contains(member);
    return found == nullptr ? std::string(fallback) : js_value(*found);
}

std::string Work::fixed(std::string_view path, std::string_view fallback) {
    const Json* found = param(path);
    if (found == nullptr) return std::string(fallback);
    const Scope each = scope;
    scope.item = scope.input + "[0]";
    scope.index = "0";
    std::string out = js_value(*found);
    scope = each;
    return out;
}

std::string Work::options(std::initializer_list<std::pair<std::string_view, std::string>> given) {
    std::string out;
    for (const auto& [name, value] : given)
        if (!value.empty()) out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", name, value);
    return out.empty() ? "" : ", { " + out + " }";
}

std::string Work::input(std::size_t number) const {
    if (number >= node.inputs.size() || node.inputs[number].empty()) return "[]";
    const std::vector<Link>& links = node.inputs[number];
    std::string out;
    if (links.size() == 1) {
        // A merge also runs when an input brings nothing.
        out = list_of(flow, links.front(), node.inputs.size() > 1);
    } else {
        out = joined(links);
    }
    const Json* once = node.json->if_contains("executeOnce");
    if (once != nullptr && once->is_bool() && once->get_bool()) out += ".slice(0, 1)";
    return out;
}

std::string Work::joined(const std::vector<Link>& links) const {
    if (links.size() == 1) return list_of(flow, links.front(), true);
    std::string out;
    for (const Link& link : links) out += (out.empty() ? "" : ", ") + list_of(flow, link, true);
    // What comes back to a loop is collected, wire by wire.
    const bool is_each = node.loop || is_item_wise(node);
    return fmt::format("n8n.joined([{}], {}, {})", out, is_each ? "true" : "false", js_text(node.name));
}

void chain(std::vector<Json>& steps) {
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const JsonObject& earlier = steps[i - 1].get_object();
        Json need(earlier.at("id"));
        if (earlier.contains("on-error")) need = JsonObject{{"step", earlier.at("id")}, {"on", "finished"}};
        steps[i].get_object()["needs"] = JsonArray{std::move(need)};
    }
}

std::string Work::id(std::string_view suffix) const {
    return suffix.empty() ? node.step : fmt::format("{}_{}", node.step, suffix);
}

JsonObject Work::step(std::string id, std::string_view uses, Json with) const {
    JsonObject out{{"id", std::move(id)}, {"title", node.name}};
    out["uses"] = std::string(uses);
    out["with"] = std::move(with);
    return out;
}

void Work::gives(const std::string& code, bool is_split) {
    std::string all = code;
    // What is disabled hands its items to its first output, however many it has.
    if (node.outputs > 1 && (node.is_disabled || (!is_split && outputs_of(node) == 1))) {
        if (!node.is_disabled) adapt("an error stops the run; nothing comes out of the output for errors");
        all = "[" + code;
        for (std::size_t i = 1; i < node.outputs; ++i) all += ", []";
        all += "]";
    }
    const Json* always = node.json->if_contains("alwaysOutputData");
    if (always != nullptr && always->is_bool() && always->get_bool()) {
        if (node.outputs == 1)
            all = fmt::format("n8n.always({})", all);
        else
            adapt("\"always output data\" of a node with several outputs is left out");
    }
    if (node.is_tracked) {
        all = node.outputs == 1
                  ? fmt::format("n8n.mark({}, {})", js_text(node.step), all)
                  : fmt::format("{}.map((list) => n8n.mark({}, list))", all, js_text(node.step));
    }
    node.steps.emplace_back(step(node.step, "core/map", braces(all)));
}

void Work::gives_each(const std::string& json) {
    const std::string_view on_error = text_or(*node.json, "onError");
    const Json* old = node.json->if_contains("continueOnFail");
    const bool goes_on = on_error == "continueRegularOutput" || (old != nullptr && *old == Json(true));
    std::string how;
    if (goes_on) how = ", \"continue\"";
    if (on_error == "continueErrorOutput") how = ", \"output\"";
    if (!how.empty()) adapt("what an error says is in other words than n8n's");
    gives(
        fmt::format(
            "n8n.each({}, ({}) => ({}){})",
            input(),
            json.find("index") == std::string::npos ? "item" : "item, index",
            json,
            how
        ),
        on_error == "continueErrorOutput"
    );
}

JsonObject& Work::before(std::string_view suffix, std::string_view uses, JsonObject with) {
    node.steps.emplace_back(step(id(suffix), uses, std::move(with)));
    return node.steps.back().get_object();
}

bool Work::begins_for_items() {
    const Json* once = node.json->if_contains("executeOnce");
    const bool is_single = node.inputs.empty() || (once != nullptr && *once == Json(true)) ||
                           (node.inputs[0].size() == 1 && brings_one(flow, node.inputs[0][0]));
    scope.item = is_single ? input() + "[0]" : "item";
    scope.index = is_single ? "0" : "index";
    return !is_single;
}

std::string Work::for_items(const std::string& made) {
    node.steps.emplace_back(step(id("made"), "core/map", braces(made)));
    chain(node.steps);
    JsonArray body;
    std::ranges::move(node.steps, std::back_inserter(body));
    node.steps.clear();
    JsonObject& loop = before("each", "core/foreach", {{"items", braces(input())}, {"concurrency", kAtOnce}});
    loop["steps"] = std::move(body);
    return fmt::format("steps.{}.output", id("each"));
}

}  // namespace weft::importer
