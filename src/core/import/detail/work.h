#pragma once

#include "core/import/detail/translate.h"
#include "core/import/import.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What becomes of one node, and what its function uses to say so.
namespace weft::importer {

struct Node;

/// A wire into a node: whose, and which of its outputs.
struct Link {
    std::size_t from = 0;
    std::size_t output = 0;
    bool operator==(const Link&) const = default;
};

struct Node {
    /// Of a Loop Over Items that is one.
    struct Loop {
        std::size_t output = 1;  // for batches; the other one is for what came back
        std::int64_t batch = 1;
        std::vector<Link> returns;
    };
    const JsonObject* json = nullptr;
    std::string name;
    std::string type;  // without the package: "set"
    double version = 1;
    std::string step;
    bool is_disabled = false;
    bool is_trigger = false;
    bool is_reached = false;                // from a trigger
    std::vector<std::vector<Link>> inputs;  // by number of the input
    std::size_t outputs = 1;
    bool is_single = false;    // at most one item
    bool may_be_empty = true;  // or an output without items
    bool is_tracked = false;   // a later expression asks which of its items one came from
    Notes notes;
    std::vector<Json> steps;
    std::optional<Loop> loop;
    std::optional<std::size_t> around;       // the innermost loop that it stands in
    std::vector<Json> body_begin, body_end;  // of its loop: steps around those of the nodes in it
    std::string starts_when;  // of a trigger among several: whether it began the run, as JavaScript
};

/// The nodes of a file, in an order in which each stands behind those that it needs.
struct Flow {
    std::string name;
    std::string zone = "UTC";
    std::vector<Node> nodes;
    std::vector<std::size_t> order;
    std::vector<NewTrigger> triggers;
    Json inputs;  // JSON Schema, of a form
    std::vector<std::string> notes;
    bool has_many_triggers = false;
    /// Nodes of which an expression asks for the item that one came from. The first look at all nodes finds
    /// them, the second one makes the steps.
    std::set<std::size_t> asked;
    bool is_looking = true;

    const Node* find(std::string_view name) const;
    /// Is the node in the loop of that one, or in a loop in it?
    bool is_within(std::size_t node, std::size_t loop) const;
    bool is_before(std::size_t earlier, std::size_t later) const;
    std::size_t index_of(const Node& node) const { return static_cast<std::size_t>(&node - nodes.data()); }
};

/// How a function makes its node's steps.
class Work {
  public:
    Work(Flow& flow, Node& node);

    Flow& flow;
    Node& node;
    Scope scope;  // of expressions that are evaluated for each item

    // ------------------------------------------------------------ parameters
    /// By a dotted path; null when it is not there.
    const Json* param(std::string_view path) const;
    std::string_view text(std::string_view path, std::string_view fallback = "") const;
    bool flag(std::string_view path, bool fallback = false) const;
    /// As JavaScript.
    std::string js(std::string_view path, std::string_view fallback = "\"\"");
    std::string js_value(const Json& value) { return translate_value(value, scope, node.notes); }
    /// Of a list of objects, for `parameters.values` and the like. By hand when there are too many.
    std::vector<const JsonObject*> rows(std::string_view path);
    std::string js_of(const JsonObject& row, std::string_view member, std::string_view fallback = "\"\"");
    /// A parameter that must not depend on the item.
    std::string fixed(std::string_view path, std::string_view fallback = "\"\"");
    /// Options as an object of JavaScript: the members of `names` that differ from what they are without.
    static std::string options(std::initializer_list<std::pair<std::string_view, std::string>> given);

    // ------------------------------------------------------------ what it becomes
    /// The items that reach an input.
    std::string input(std::size_t number = 0) const;
    /// The items of several wires together.
    std::string joined(const std::vector<Link>& links) const;
    /// The node's output is this JavaScript; `is_split`: it has the output for errors, too.
    void gives(const std::string& code, bool is_split = false);
    /// One item for each, whose json is this JavaScript.
    void gives_each(const std::string& json);
    /// A step before the one that has the node's output; its id is the node's with `suffix`.
    JsonObject& before(std::string_view suffix, std::string_view uses, JsonObject with);
    std::string id(std::string_view suffix) const;
    /// For a node whose step does its work once: whether it may get several items. The scope is that of one.
    bool begins_for_items();
    /// The steps so far, and one with this JavaScript behind them, are done for each item. Where the list of
    /// what they gave is.
    std::string for_items(const std::string& made);

    void adapt(std::string note) { node.notes.adapt(std::move(note)); }
    void hand(std::string why) { node.notes.hand(std::move(why)); }

  private:
    JsonObject step(std::string id, std::string_view uses, Json with) const;
};

/// The step that has what a wire brings; of a loop's batches one in its body.
std::string source_step(const Flow& flow, const Link& link);
std::string batch_step(const Node& loop);
bool brings_one(const Flow& flow, const Link& link);
/// The items that a wire brings, as JavaScript.
std::string list_of(const Flow& flow, const Link& link, bool may_be_skipped);

/// Each needs the one before it, and goes on after its failure when that has `on-error`.
void chain(std::vector<Json>& steps);

/// `{{ code }}`
std::string braces(const std::string& code);
/// A fixed text as a template: `{{` in it is no expression.
Json literal_template(std::string_view text);

using Mapping = void (*)(Work&);
struct NodeKind {
    std::string_view type;
    Mapping map;
    enum class Count {
        kSame,
        kOne,
        kMany
    } count = Count::kSame;  // items of the output for those of the input
    bool may_drop = false;   // the output may be empty
    bool is_trigger = false;
};
const NodeKind* node_kind(std::string_view type);

// nodes_data.cc, nodes_flow.cc, nodes_calls.cc, nodes_triggers.cc
void map_set(Work&);
void map_rename_keys(Work&);
void map_sort(Work&);
void map_limit(Work&);
void map_remove_duplicates(Work&);
void map_split_out(Work&);
void map_aggregate(Work&);
void map_summarize(Work&);
void map_item_lists(Work&);
void map_date_time(Work&);
void map_crypto(Work&);
void map_markdown(Work&);
void map_html(Work&);
void map_xml(Work&);
void map_if(Work&);
void map_filter(Work&);
void map_switch(Work&);
void map_merge(Work&);
void map_compare(Work&);
void map_no_op(Work&);
void map_code(Work&);
void map_function_item(Work&);
void map_http(Work&);
void map_wait(Work&);
void map_respond(Work&);
void map_stop(Work&);
void map_manual_trigger(Work&);
void map_feed(Work&);
void map_form(Work&);
void map_webhook(Work&);
void map_schedule(Work&);
void map_cron(Work&);
void map_called(Work&);
void map_split_in_batches(Work&);
void map_error_trigger(Work&);
void map_execute_workflow(Work&);

/// How many outputs it has, before the one for errors.
std::size_t outputs_of(const Node& node);

}  // namespace weft::importer
