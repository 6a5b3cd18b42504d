#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "core/connector/connector.h"
#include "core/runstate/runstate.h"
#include "core/schema/schema.h"
#include "core/template/template.h"
#include "core/tenancy/tenancy.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The `weft/1` definition format: text -> Definition (what people wrote) -> CompiledWorkflow (what runs:
/// pinned, self-contained, immutable).
namespace weft::workflow {

enum class Format { kJson, kYaml };

/// Text to tree. YAML: the JSON-like subset (no tags, no anchors or aliases, plain scalars as in
/// base/yaml.h); yaml_cases.json holds what it says, for the UI's reader too. Bounds: kDefinitionBytesMax,
/// depth 32. kInvalid or kLimit, with line and column.
Result<Json> read_text(std::string_view text, Format format);

/// A place in a text, as people count.
struct TextPlace {
    std::uint32_t line = 0;
    std::uint32_t column = 0;  // in characters
    bool operator==(const TextPlace&) const = default;
};

/// Where each problem stands in the YAML or JSON text of a definition: at its field, or at the deepest part
/// of the field's path that is there. A message that begins with a place in a string ("line 2, column 5: ",
/// as core/template writes them) is followed into the string where that is written line by line. Nothing for
/// problems of no field. `text` is one that read_text takes.
std::vector<std::optional<TextPlace>> places(std::string_view text, const std::vector<Error>& problems);

/// Where a step's work is declared.
struct Uses {
    std::string app;     // "core" for built-in ones
    std::string action;  // "map", "http", or an action's key
    int major = 0;       // 0 for core
    bool is_core() const { return app == "core"; }
    std::string text() const;  // "core/map", "shopify/get-order@2"
    auto operator<=>(const Uses&) const = default;
};

struct NeedRef {
    std::string step;
    runstate::NeedOn on = runstate::NeedOn::kSuccess;
    std::string branch;  // of a core/if or core/switch step, with kSuccess; "" = whichever it took
};

/// What `with` of a core/foreach or core/while step says beside what is evaluated.
struct LoopSettings {
    int concurrency = 1;  // items at a time
    int batch = 0;        // so many elements are one item, a list; 0: each element is one
    runstate::OnError on_item_error = runstate::OnError::kFail;
    bool collects = true;             // its output is the list of its items' outputs
    runstate::Iteration max = 1'000;  // of core/while
};

struct Step {
    std::string id;
    std::string field;                  // where it stands: "steps[2].steps[0]"
    std::optional<std::size_t> parent;  // the loop whose body it is in, an index into Definition::steps
    bool is_final = false;              // of `finally`, or in a loop of it
    std::string title;
    Uses uses;
    std::string connection;
    Json with;  // object, or one whole `{{ }}`
    std::vector<NeedRef> needs;
    std::optional<Json> condition;  // `if`
    std::optional<Json> retry;      // checked; merged with the action's default at publish
    std::optional<Millis> timeout;
    runstate::OnError on_error = runstate::OnError::kFail;
    runstate::OnUnknown on_unknown = runstate::OnUnknown::kFail;
    std::optional<runstate::OnInvalid> on_invalid_output;  // else the action's
    std::optional<runstate::OnOpen> on_open;               // `on-circuit-open`, else the action's
    std::optional<Millis> cpu;                             // `limits.cpu`: of core/code
    bool is_first_wins = false;                            // `join: first`
    std::optional<LoopSettings> loop;                      // core/foreach, core/while
    std::optional<Json> output;  // of a loop: the template of an item's output, else that of its last step
};

/// A value that runs are found by: `index` has a name for each, `tags` are all named kTagMark.
struct Mark {
    std::string name;
    Json value;         // a text, maybe with expressions, which see what the run begins with
    std::string field;  // where it stands: "index.order_id"
};
inline constexpr std::string_view kTagMark = "tag";  // no name of `index`

struct Definition {
    std::string name;
    std::string description;
    std::optional<Json> inputs;  // JSON Schema
    JsonObject env;              // name -> text: constants of this workflow, readable as env.NAME
    /// Those outside of loops, `finally` last, then the bodies of loops, each of them together and behind its
    /// loop. A loop with `output` has a core/map step more, last in its body: see item_step.
    std::vector<Step> steps;
    std::optional<Json> output;
    std::optional<Millis> timeout;
    JsonObject flow;         // when its runs may begin: what flow::read made; empty: at once
    std::string on_failure;  // key of the workflow that a run of this one begins when it fails; "" = none
    std::vector<Mark> marks;
};

/// Shape, names, limits, unique ids, known needs, no cycles, template syntax, core steps' `with`. Everything
/// that needs no catalog. kInvalid or kLimit; `field` like "steps[2].retry.attempts". Members of unknown name
/// are refused (except "x-...", which editors may use).
Result<Definition> parse(const Json& tree);

/// All problems rather than the first (at most 50), for the editor; empty = parse succeeds.
std::vector<Error> problems(const Json& tree);

// ---------------------------------------------------------------- testing

/// Some steps of a definition's tree.
struct Part {
    Json tree;
    std::vector<std::size_t> places;  // where its steps stand in the whole; none: where they stood
    /// "steps[0].with" of the part as it is said of the whole.
    std::string field_of(std::string_view field) const;
};
/// Nothing but `step` (the loop outside of loops around it) and all that it needs, without final steps and
/// output. Whatever else is wrong with the tree is parse's to say. kInvalid (`until`): no such step.
Result<Part> up_to(const Json& tree, std::string_view step);

/// Whatever needs a pinned step also waits for what that one needs: it may mention it, and a pinned step does
/// not wait for anything.
void wait_for_pinned(Definition& definition, const std::set<std::string>& pinned);

/// Steps outside of loops that a test up to `until`, one of the definition's, has no use for, because those
/// that need or mention them are pinned.
std::set<std::string> idle_steps(
    const Definition& definition, const std::set<std::string>& pinned, std::string_view until
);

/// JavaScript of a definition that only the engine can judge: each expression that is no plain path, and the
/// code of each core/code.
std::vector<templates::Script> scripts(const Definition& definition);

// ---------------------------------------------------------------- publishing

/// What a definition asks the catalog for. Load these, fill a Catalog, then check or compile.
struct Wanted {
    std::set<Uses> actions;
    std::set<std::string> connections;
    std::set<std::string> workflows;  // keys of those that it begins
};
Wanted wanted(const Definition& definition);

/// The newest published version of that major.
struct CatalogAction {
    AppVersionId app_version_id;
    ActionId action_id;
    std::string version;  // "2.1.0"
    Json manifest;        // of the app version
    Json definition;      // of the action
};

struct CatalogConnection {
    ConnectionId id;
    std::string app;  // key of the app it was made for
    Json manifest;  // of the app version it was made for: core/http with this connection is bound to its base
                    // URL
};

/// A connection's authentication fields belong to the app, so the step's action decides how they are applied.
struct Catalog {
    std::map<Uses, CatalogAction> actions;
    std::map<std::string, CatalogConnection> connections;
    std::set<std::string> workflows;  // keys of those that are published, and not archived
};

/// Publish checks: actions and connections exist and fit, literal inputs fit the action's schema, references
/// in templates exist and their step is an ancestor through `needs`, `input.x` is declared. At most 50; empty
/// = compile succeeds.
std::vector<Error> check(const Definition& definition, const Catalog& catalog);

/// The pinned JSON that is stored as a workflow version: canonical (equal definitions and catalogs give equal
/// bytes), self-contained (actions and manifests inside), so that a run reads nothing else. The first of
/// check's errors otherwise.
Result<Json> compile(const Definition& definition, const Catalog& catalog);

/// Lower-case hex of SHA-256 over `to_text(compiled)`.
std::string content_hash(const Json& compiled);

// ---------------------------------------------------------------- running

struct PinnedAction {
    Uses uses;
    std::string version;
    AppVersionId app_version_id;
    ActionId action_id;
    connector::App app;
    connector::Action action;
    Json request;  // connector::request_template(action)
    schema::Schema input;
    schema::Schema output;
};

struct PinnedConnection {
    std::string name;
    ConnectionId id;
    connector::App app;  // applies the credentials and bounds where they go: the action's version of the app;
                         // for core/http the connection's own
};

enum class CoreKind {
    kMap,
    kCode,
    kHttp,
    kRespond,
    kFail,
    kSleep,
    kIf,
    kSwitch,
    kCallback,
    kEvent,
    kApproval,
    kWorkflow,
    kForeach,
    kWhile,
    kBreak,
    kMerge,
    kReadFile,
    kMakeFile,
};

/// Of what kind the state machine takes it; none: an app action.
runstate::StepKind step_kind(std::optional<CoreKind> kind);

/// One step as the engine runs it. Texts are JSON texts, ready for protocol::Evaluate. What the value of
/// `with` means:
///   map      any; is the output
///   code     the `input` of the code (with.input; {} when absent); `source` is with.source
///   http     {url, method, headers, query, body} for connector::build_http_request
///   respond  {status, headers, body}: see response_of
///   fail     see fail_message
///   sleep    see sleep_until
///   callback, event, approval, workflow  see wait_of
///   if, switch  see branch_of
///   foreach  see items_of; while: see goes_on; break: nothing
///   merge    see merge_of, which gives the output
///   read-file  {file, as, options, charset, offset}; make-file: {content, as, name, type, options, charset}:
///   the `input` of code of the engine's action   the action's input: check it against action->input, then
///   render action->request with `input` bound to it
struct CompiledStep {
    std::string id;
    std::string title;
    std::string uses;                              // as pinned: "shopify/get-order@2.1.0", "core/map"
    std::optional<CoreKind> core;                  // empty for an app action
    const PinnedAction* action = nullptr;          // owned by the CompiledWorkflow
    const PinnedConnection* connection = nullptr;  // likewise; null when none is named
    std::string condition;                         // "" = none
    std::string with;
    std::string source;                                                  // code
    std::vector<std::string> branches;                                   // if, switch: their names, in order
    runstate::OnInvalid on_invalid_output = runstate::OnInvalid::kWarn;  // of an app action
    runstate::OnOpen on_open = runstate::OnOpen::kWait;                  // of a call
    std::optional<Millis> cpu;  // CPU time that the code asks for; none: the usual
    std::optional<LoopSettings> loop;
};

/// Of a mark's name, as the engine needs it.
struct CompiledMark {
    std::string name;
    Json literal;            // null: `value` is to be evaluated
    std::string value = "";  // JSON text of the template
};

/// Immutable; shared by all runs of a version through the engine's cache.
class CompiledWorkflow {
  public:
    /// Reads what compile made. kInvalid when it is not that (a damaged row, a newer format).
    static Result<CompiledWorkflow> load(const Json& compiled);

    CompiledWorkflow(CompiledWorkflow&&) = default;
    CompiledWorkflow& operator=(CompiledWorkflow&&) = default;
    CompiledWorkflow(const CompiledWorkflow&) = delete;
    CompiledWorkflow& operator=(const CompiledWorkflow&) = delete;
    ~CompiledWorkflow() = default;

    const std::string& name() const { return name_; }
    const runstate::Plan& plan() const { return plan_; }
    /// As defined: plan().steps[i] belongs to steps()[plan().definition_of(i)].
    const std::vector<CompiledStep>& steps() const { return steps_; }
    const std::string& env() const { return env_; }        // JSON text of an object
    const std::string& output() const { return output_; }  // JSON text of the template; "" = none
    const std::optional<schema::Schema>& inputs() const { return inputs_; }
    bool has_respond() const { return has_respond_; }              // a synchronous caller can get an answer
    bool has_waits() const { return has_waits_; }                  // a step waits for an answer
    const std::string& on_failure() const { return on_failure_; }  // as Definition's
    const std::vector<CompiledMark>& marks() const { return marks_; }

  private:
    CompiledWorkflow() = default;
    Result<> add_step(const JsonObject& object, runstate::PlanStep& plan);

    std::string name_;
    runstate::Plan plan_;
    std::vector<CompiledStep> steps_;
    std::map<std::string, PinnedAction> actions_;  // nodes keep their address when the map moves
    std::map<std::string, PinnedConnection> connections_;
    std::string env_;
    std::string output_;
    std::optional<schema::Schema> inputs_;
    std::string on_failure_;
    std::vector<CompiledMark> marks_;
    bool has_respond_ = false;
    bool has_waits_ = false;
};

/// `inputs` of what compile made, as they were written; null when it has none. kInvalid.
Result<const Json*> declared_inputs(const Json& compiled);
/// The schema of `inputs` of what compile made, without reading the rest; nothing when it has none. kInvalid.
Result<std::optional<schema::Schema>> inputs_of(const Json& compiled);

/// What a run's trigger gives must fit `inputs`; kInvalid with `field` = "input.…", kLimit as
/// Schema::validate.
Result<> check_input(
    const CompiledWorkflow& workflow, const Json& input, schema::Work work = schema::Work::kFull
);

/// By what a run is found that gives this value for a mark: nothing of null and "", several of a list of
/// tags.
struct Marked {
    std::vector<std::string> values;
    std::string problem;  // why (some of) it is left out; "" = nothing is
};
Marked marked(std::string_view name, const Json& value);

/// core/sleep: {"for": "10m"} (or seconds; "duration" says the same), or {"until": "2027-03-01T09:00",
/// "zone"?: "Europe/Berlin"}; at most 5 years. What has passed is `now`.
Result<Instant> sleep_until(const Json& with, Instant now);

/// What core/approval asks: {"title", "description"?, "approvers"?: [e-mail address, or "role:" and a role],
/// "need"?: 1, "veto"?: false, "form"?: a JSON Schema of an object, "files"?: a file or a list of them,
/// "on-reject"?: "fail" or "continue"}.
struct Approval {
    std::string title;
    std::string description;
    std::vector<std::string> approvers;  // none: whoever has the address
    int need = 1;                        // of them
    bool has_veto = false;               // one rejection is enough
    runstate::OnError on_rejection = runstate::OnError::kFail;
    std::optional<Json> form;
    std::vector<FileId> files = {};  // that who decides may look at, if the run was given them
};
/// Also of what `policy_of` gives.
Result<Approval> approval_of(const Json& with);
/// Who decides and how, without what is asked.
Json policy_of(const Approval& approval);
/// Is the person named, by address or by a role that theirs includes?
bool may_decide(const Approval& approval, std::string_view email, tenancy::Role role);
/// Their roles, for counting who there is: those that include one that is named.
std::vector<std::string> deciding_roles(const Approval& approval);
enum class Verdict : std::uint8_t { kOpen, kApproved, kRejected };
inline constexpr std::array<std::string_view, 3> kVerdicts = {"open", "approved", "rejected"};
/// `people` may decide. Rejected: by a veto, or when too few are left who could approve.
Verdict verdict(const Approval& approval, int approvals, int rejections, int people);

/// Where a wait of this kind is answered, beneath the api's own address; its token follows.
std::string_view answer_path(CoreKind kind);
/// JSON text of any value of a run, without the tokens of such addresses: whoever has one may answer.
std::string hide_answer_addresses(std::string text);

/// What core/workflow begins: {"workflow": key, "input"?: {}, "mode"?: "wait" or "start"}.
struct Child {
    std::string workflow;
    bool is_awaited = true;  // its end ends the step; else its beginning does
    std::string input;       // JSON text
};
/// Runs begin each other at most so deep: a run that nobody began for another has depth 0.
inline constexpr int kRunDepthMax = 10;

/// What a step that waits for an answer asks for: {"timeout"?: "7d", "on-timeout"?: "fail" or "continue"},
/// and of core/event {"event": name, "key": text}, of core/workflow what Child says. A child has no deadline
/// but its own unless `timeout` says so.
struct Wait {
    Millis timeout{0};
    runstate::OnError on_timeout = runstate::OnError::kFail;
    std::string event;  // name and key, as whoever sends it must say them
    std::string key;
    std::optional<Approval> approval;
    std::optional<Child> child;
};
Result<Wait> wait_of(CoreKind kind, const Json& with);
/// That of core/event, for both sides. kInvalid with its field.
inline constexpr std::size_t kEventNameBytesMax = 100;
inline constexpr std::size_t kEventKeyBytesMax = 200;
/// core/if: {"condition": any} takes "then" or "else". core/switch: {"cases": {name: any}} takes the first
/// case whose value is true as JavaScript sees it, {"value": v, "cases": [name]} the one that is named like
/// v; else "else". An index into `branches` (CompiledStep); kInvalid when `with` is none of these.
Result<runstate::Branch> branch_of(const Json& with, const std::vector<std::string>& branches);
/// core/foreach: {"items": list}, the JSON text of each item. kInvalid when it is no list, kLimit when it has
/// more than runstate::kItemsMax of them.
Result<std::vector<std::string>> items_of(const Json& with, int batch);
/// core/while: {"condition": any}, as JavaScript sees it.
bool goes_on(const Json& with);
/// core/merge: {"inputs": [...], "mode"?: "append"|"position"|"key"|"first", "key"?: text, "keep"?:
/// "all"|"matches"}. Inputs that are null are left out: a branch that was not taken. kInvalid with `field`.
Result<Json> merge_of(const Json& with);
/// core/fail: {"message": text}.
std::string fail_message(const Json& with);

/// core/respond: {"status"?: 200, "headers"?: {}, "body"?: any}. Headers that frame or authenticate are
/// refused, and types that are no text. A browser must be told to keep the answer apart (CSP sandbox,
/// nosniff): it comes from the UI's origin.
struct Response {
    int status = 200;
    std::vector<connector::Header> headers;
    std::string body;  // a string body as it is, under its Content-Type; others as JSON
    std::string content_type;
};
Result<Response> response_of(const Json& with);

}  // namespace weft::workflow
