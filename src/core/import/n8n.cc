#include "core/import/detail/read.h"
#include "core/import/detail/work.h"
#include "core/import/import.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace weft::importer {

namespace {

constexpr JsonLimits kFileLimits{.bytes_max = 2u << 20, .depth_max = 64, .nodes_max = 200'000};
constexpr std::size_t kKeptBytesMax = 16u << 10;  // of a node's parameters in the step that stands for it
constexpr std::size_t kNoteBytesMax = 16u << 10;

using Count = NodeKind::Count;

constexpr auto kKinds = std::to_array<NodeKind>({
    {"aggregate", map_aggregate, Count::kOne},
    {"code", map_code, Count::kMany, true},
    {"compareDatasets", map_compare, Count::kMany, true},
    {"cron", map_cron, Count::kOne, false, true},
    {"crypto", map_crypto},
    {"dateTime", map_date_time},
    {"errorTrigger", map_error_trigger, Count::kOne, false, true},
    {"executeWorkflow", map_execute_workflow, Count::kMany, true},
    {"executeWorkflowTrigger", map_called, Count::kMany, true, true},
    {"filter", map_filter, Count::kSame, true},
    {"formTrigger", map_form, Count::kOne, false, true},
    {"function", map_code, Count::kMany, true},
    {"functionItem", map_function_item, Count::kSame, true},
    {"html", map_html},
    {"httpRequest", map_http, Count::kMany, true},
    {"if", map_if, Count::kSame, true},
    {"itemLists", map_item_lists, Count::kMany, true},
    {"limit", map_limit, Count::kSame, true},
    {"manualTrigger", map_manual_trigger, Count::kOne, false, true},
    {"markdown", map_markdown},
    {"merge", map_merge, Count::kMany, true},
    {"noOp", map_no_op},
    {"removeDuplicates", map_remove_duplicates},
    {"renameKeys", map_rename_keys},
    {"respondToWebhook", map_respond},
    {"rssFeedReadTrigger", map_feed, Count::kMany, false, true},
    {"scheduleTrigger", map_schedule, Count::kOne, false, true},
    {"set", map_set},
    {"sort", map_sort},
    {"splitInBatches", map_split_in_batches, Count::kMany, true},
    {"splitOut", map_split_out, Count::kMany, true},
    {"start", map_manual_trigger, Count::kOne, false, true},
    {"stopAndError", map_stop},
    {"summarize", map_summarize, Count::kMany, true},
    {"switch", map_switch, Count::kSame, true},
    {"wait", map_wait},
    {"webhook", map_webhook, Count::kOne, false, true},
    {"xml", map_xml},
});

struct Reason {
    std::string_view type;
    std::string_view why;
};
constexpr std::string_view kFiles =
    "files are not imported: there are no folders; upload them, or let a webhook bring them";
constexpr std::string_view kReadFile =
    "files are not imported: read one by core/read-file (as: csv, json, xml, text, base64)";
constexpr std::string_view kMakeFile =
    "files are not imported: make one by core/make-file (as: csv, json, text, base64)";
constexpr auto kReasons = std::to_array<Reason>({
    {"compression",
     "files are not imported: core/read-file and core/make-file read and make archives (as: zip)"},
    {"convertToFile", kMakeFile},
    {"dataTable", "there are no tables inside Weft: use a database by core/http"},
    {"emailReadImap", "mail boxes are not read: let the mail service call a webhook"},
    {"emailSend", "there is no SMTP: use the HTTP API of a mail service by core/http"},
    {"executeCommand", "there are no shell commands"},
    {"extractFromFile", kReadFile},
    {"form", "a further page of a form"},
    {"moveBinaryData", "files are not imported: core/read-file and core/make-file read and make them"},
    {"readWriteFile", kFiles},
    {"readBinaryFile", kFiles},
    {"readBinaryFiles", kFiles},
    {"spreadsheetFile",
     "files are not imported: of tables, core/read-file and core/make-file know CSV (as: csv)"},
    {"writeBinaryFile", kFiles},
});

std::string why_not(const Node& node) {
    const auto found = std::ranges::find(kReasons, node.type, &Reason::type);
    if (found != kReasons.end()) return std::string(found->why);
    if (node.type.find("langchain") != std::string::npos) return "AI nodes are not imported";
    if (node.is_trigger)
        return "this trigger is not known: let the other system call a webhook, or ask it by a schedule";
    return "this node is not known: use an app's action or core/http";
}

bool is_yes(const Node& node, std::string_view member) {
    const Json* found = node.json->if_contains(member);
    return found != nullptr && *found == Json(true);
}

/// What is known of its items before it runs.
void judge(Flow& flow, Node& node) {
    const NodeKind* kind = node_kind(node.type);
    std::size_t links = 0;
    bool is_single = true;
    for (const auto& list : node.inputs) {
        for (const Link& link : list) {
            ++links;
            is_single = is_single && brings_one(flow, link);
        }
    }
    is_single = is_single && links <= 1;
    Count count = kind == nullptr ? Count::kMany : kind->count;
    const bool is_each = node.type == "code" &&
                         text_or(
                             node.json->contains("parameters") && node.json->at("parameters").is_object()
                                 ? node.json->at("parameters").get_object()
                                 : JsonObject(),
                             "mode"
                         ) == "runOnceForEachItem";
    if (node.is_disabled || is_each) count = Count::kSame;
    if (count == Count::kSame) node.is_single = (is_single || is_yes(node, "executeOnce")) && links > 0;
    if (count == Count::kOne) node.is_single = true;
    node.may_be_empty = node.outputs > 1 || kind == nullptr || (kind->may_drop && !node.is_disabled);
    if (is_yes(node, "alwaysOutputData") && node.outputs == 1) node.may_be_empty = false;
}

/// The nodes that one needs, each once, and when it has nothing to do.
void connect(Flow& flow, Node& node) {
    JsonArray needs;
    std::string some;
    bool may_be_empty = false;
    std::size_t links = 0;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        for (const Link& link : node.inputs[i]) {
            const Node& from = flow.nodes[link.from];
            const Json need(source_step(flow, link));
            if (std::ranges::find(needs, need) == needs.end()) needs.push_back(need);
            const bool is_batch = from.loop && link.output == from.loop->output;
            may_be_empty = may_be_empty || (from.may_be_empty && !is_batch);
            some += (links++ == 0 ? "" : ", ") + list_of(flow, link, true);
        }
    }
    JsonObject& first = node.steps.front().get_object();
    if (!needs.empty()) first["needs"] = std::move(needs);
    if (may_be_empty && links == 1) {
        const std::size_t optional = some.find("?.");
        if (optional != std::string::npos) some.erase(optional, 2);
        first["if"] = braces(some + ".length > 0");
    } else if (may_be_empty) {
        first["if"] = braces(fmt::format("[{}].some((list) => list?.length > 0)", some));
    }
    chain(node.steps);
}

/// A step that fails, with what the node was.
void stand_in(const Flow& flow, Node& node) {
    std::string why;
    for (const std::string& note : node.notes.by_hand) why += (why.empty() ? "" : "; ") + note;
    JsonObject with{
        {"message",
         literal_template(fmt::format("{} ({}) is not imported: {}", node.name, node.type, why).substr(0, 900)
         )}
    };
    // A loop keeps what stands in it, behind the step that fails.
    std::vector<Json> loop;
    if (node.loop) loop = std::move(node.steps);
    const std::string id = loop.empty() ? node.step : node.step + "_hand";
    JsonObject step{{"id", id}, {"title", node.name}, {"uses", "core/fail"}};
    step["with"] = std::move(with);
    if (node.is_trigger && flow.has_many_triggers) step["if"] = false;
    JsonObject kept{{"type", node.type}, {"version", node.version}};
    if (const Json* given = node.json->if_contains("parameters");
        given != nullptr && to_text(*given).size() <= kKeptBytesMax)
        kept["parameters"] = *given;
    step["x-n8n"] = std::move(kept);
    node.steps.clear();
    node.starts_when.clear();
    node.steps.emplace_back(std::move(step));
    std::ranges::move(loop, std::back_inserter(node.steps));
}

void keep_looks(Node& node) {
    JsonObject& step = node.steps.back().get_object();
    const Json* position = node.json->if_contains("position");
    if (position != nullptr && position->is_array() && position->get_array().size() == 2)
        step["x-position"] = *position;
    const std::string_view note = text_or(*node.json, "notes");
    if (!note.empty()) step["x-note"] = std::string(note.substr(0, kNoteBytesMax));
}

void map_node(Flow& flow, Node& node) {
    node.is_tracked = !flow.is_looking && flow.asked.contains(flow.index_of(node));
    judge(flow, node);
    Work work(flow, node);
    const NodeKind* kind = node_kind(node.type);
    const std::size_t triggers = flow.triggers.size();
    if (node.is_disabled) {
        work.adapt("it is disabled: items pass through");
        map_no_op(work);
    } else if (kind == nullptr || (kind->is_trigger && !node.is_trigger)) {
        work.hand(why_not(node));
    } else if (node.notes.by_hand.empty() || node.loop) {
        kind->map(work);
    }
    const bool is_limited = is_yes(node, "retryOnFail") && node.type != "httpRequest";
    if (is_limited && !node.is_disabled) work.adapt("it has nothing to retry");
    if (!node.notes.by_hand.empty() || node.steps.empty()) {
        flow.triggers.resize(triggers);
        if (node.is_trigger) flow.inputs = Json();
        stand_in(flow, node);
    }
    connect(flow, node);
    keep_looks(node);
}

void map_all(Flow& flow) {
    const std::vector<Notes> loops = [&] {
        std::vector<Notes> out;
        for (const Node& node : flow.nodes) out.push_back(node.notes);
        return out;
    }();
    for (bool is_looking : {true, false}) {
        flow.is_looking = is_looking;
        flow.triggers.clear();
        for (std::size_t i = 0; i < flow.nodes.size(); ++i) {
            flow.nodes[i].notes = loops[i];
            flow.nodes[i].steps.clear();
            flow.nodes[i].body_begin.clear();
            flow.nodes[i].body_end.clear();
            flow.nodes[i].starts_when.clear();
        }
        for (std::size_t at : flow.order) map_node(flow, flow.nodes[at]);
    }
}

NodeReport report_of(const Node& node) {
    NodeReport out;
    out.node = node.name;
    out.type = text_or(*node.json, "type");
    if (is_note(node)) {
        out.notes.emplace_back("kept as a note");
        return out;
    }
    if (!node.is_reached) {
        const bool is_part = node.type.find("langchain") != std::string::npos;
        out.fit = is_part ? Fit::kByHand : Fit::kExact;
        out.notes.emplace_back(
            is_part ? "AI nodes are not imported"
                    : "no trigger leads to it: n8n never runs it, and it is left out"
        );
        return out;
    }
    out.step = node.step;
    out.fit = !node.notes.by_hand.empty()   ? Fit::kByHand
              : !node.notes.adapted.empty() ? Fit::kAdapted
                                            : Fit::kExact;
    out.notes = node.notes.by_hand;
    out.notes.insert(out.notes.end(), node.notes.adapted.begin(), node.notes.adapted.end());
    return out;
}

Json sticky(const Node& node) {
    JsonObject out;
    const Json* given = node.json->if_contains("parameters");
    if (given != nullptr && given->is_object())
        out["text"] = std::string(text_or(given->get_object(), "content").substr(0, kNoteBytesMax));
    if (const Json* position = node.json->if_contains("position")) out["position"] = *position;
    return out;
}

/// The step of a trigger knows it by a name that people may change; then no step would run, and the run would
/// seem well.
std::optional<Json> unknown_start(const Flow& flow) {
    std::string known;
    for (const Node& node : flow.nodes)
        if (!node.starts_when.empty())
            known += fmt::format("{}({})", known.empty() ? "" : " || ", node.starts_when);
    if (known.empty()) return std::nullopt;
    std::string id = "unknown_start";
    while (std::ranges::find(flow.nodes, id, &Node::step) != flow.nodes.end()) id += '_';
    JsonObject step{{"id", std::move(id)}, {"title", "No step is of this trigger"}, {"uses", "core/fail"}};
    step["if"] = braces(fmt::format("!({})", known));
    step["with"] = JsonObject{
        {"message",
         "No step is of the trigger that began this run ({{ trigger.kind }} {{ trigger.name ?? \"\" }}): "
         "give it "
         "its name back, or change the conditions of the steps that begin the workflow"}
    };
    return step;
}

/// Steps of the nodes that stand in this loop, or in none, each behind those that it needs.
JsonArray steps_in(Flow& flow, std::optional<std::size_t> loop) {
    JsonArray out;
    if (loop) std::ranges::move(flow.nodes[*loop].body_begin, std::back_inserter(out));
    for (std::size_t at : flow.order) {
        Node& node = flow.nodes[at];
        if (node.around != loop) continue;
        if (node.loop) node.steps.back().get_object()["steps"] = steps_in(flow, at);
        for (Json& step : node.steps) out.push_back(std::move(step));
    }
    if (loop) std::ranges::move(flow.nodes[*loop].body_end, std::back_inserter(out));
    return out;
}

/// What a workflow gives that others call: the json of its last node's items.
std::optional<Json> output_of(Flow& flow) {
    const auto is_called = [](const Node& node) {
        return node.is_trigger && node.is_reached && node.type == "executeWorkflowTrigger";
    };
    const auto called = std::ranges::find_if(flow.nodes, is_called);
    if (called == flow.nodes.end()) return std::nullopt;
    std::set<std::size_t> last;
    for (const std::size_t at : flow.order)
        if (!flow.nodes[at].around) last.insert(at);
    for (const std::size_t at : flow.order)
        for (const auto& list : flow.nodes[at].inputs)
            for (const Link& link : list) last.erase(link.from);
    if (last.size() == 1 && flow.nodes[*last.begin()].outputs == 1) {
        const std::string& step = flow.nodes[*last.begin()].step;
        return Json(braces(fmt::format("(steps.{}.output ?? []).map((item) => item.json)", step)));
    }
    flow.notes.emplace_back(
        "Several nodes are last: say in `output` what those that call this workflow are given"
    );
    return std::nullopt;
}

Json definition_of(Flow& flow) {
    JsonObject out{{"name", flow.name.substr(0, 200)}};
    JsonArray steps, notes;
    if (auto step = unknown_start(flow)) steps.push_back(std::move(*step));
    std::ranges::move(steps_in(flow, std::nullopt), std::back_inserter(steps));
    for (const Node& node : flow.nodes)
        if (is_note(node)) notes.push_back(sticky(node));
    if (!flow.inputs.is_null()) out["inputs"] = std::move(flow.inputs);
    out["steps"] = std::move(steps);
    if (auto output = output_of(flow)) out["output"] = *std::move(output);
    if (!notes.empty()) out["x-notes"] = std::move(notes);
    return out;
}

}  // namespace

const NodeKind* node_kind(std::string_view type) {
    const auto found = std::ranges::find(kKinds, type, &NodeKind::type);
    return found == kKinds.end() ? nullptr : &*found;
}

std::string_view text_of(Fit fit) {
    switch (fit) {
        case Fit::kExact:
            return "exact";
        case Fit::kAdapted:
            return "adapted";
        case Fit::kByHand:
            break;
    }
    return "by_hand";
}

Result<Imported> from_n8n(std::string_view text, const Options& options) {
    TRY(const Json tree, parse_json(text, kFileLimits));
    if (!tree.is_object())
        return fail(Error::invalid("This is no workflow of n8n: it is an object with nodes"));
    TRY(Flow flow, read_flow(tree.get_object(), options));
    if (flow.order.empty())
        return fail(
            Error::invalid("No node starts this workflow: add a trigger in n8n and export it again", "nodes")
        );
    map_all(flow);
    Imported out;
    out.name = flow.name;
    for (const Node& node : flow.nodes) out.nodes.push_back(report_of(node));
    out.definition = definition_of(flow);
    out.triggers = std::move(flow.triggers);
    out.notes = std::move(flow.notes);
    // What the format refuses (sizes, names) is said here rather than when it is saved.
    for (const Error& problem : workflow::problems(out.definition))
        out.notes.push_back(fmt::format("The draft has a problem: {}: {}", problem.field, problem.user));
    return out;
}

}  // namespace weft::importer
