#include "control/api/family.h"
#include "control/runs/runs.h"

namespace weft::control {

using tenancy::Permission;

namespace {

/// Of lists; one run alone has more.
constexpr std::string_view kRun = R"(
    id id
    workflow_id id
    workflow_key text? = orders
    workflow_name text? = Orders
    workflow_version_id id
    version_number int? = 3
    trigger_id id?
    rerun_of id? = null
    cause child|handler|follower? = null
    parent_run_id id? = null
    parent_step_id text? = null
    parent_iteration int? = null
    state queued|running|waiting|success|failed|canceled = success
    failure_kind workflow|provider|limit|platform? = null
    error object? = null
    tier text? = full
    is_cancel_requested bool = false
    canceled_by* id? = null
    canceled_by_name* text? = null
    cancel_reason* text? = null
    held* run_held? = null
    tags [text] = ["express"]
    index object = {"order_id": "1001"}
    created_at time
    started_at time?
    finished_at time?
    duration_ms int? = 120
    used run_used
    steps* [run_step]
    more_steps* text? = null
    input* json = {"order_id": "1001"}
    trigger* json = {"kind": "manual"}
    output* json = {"lines": 3})";

/// Which rule of its workflow keeps a run from beginning; `ahead` of one run alone, at most 1,000.
constexpr std::string_view kHeld = R"(
    rule breaker|debounce|throttle|concurrency = concurrency
    key text = customer-7
    ahead int? = 3)";

constexpr std::string_view kStep = R"(
    step_id text = order
    iteration int = 0
    position int = 0
    uses text = shop/get-order@1.0.0
    state queued|running|waiting|success|failed|skipped|canceled|not_reached = success
    attempt int = 1
    failure_kind workflow|provider|limit|platform? = null
    error object? = null
    started_at time?
    finished_at time?
    duration_ms int? = 80
    used step_used
    source rerun|pin? = null
    has_input bool
    has_output bool
    attempts* [run_attempt]
    input* json = {"id": "1001"}
    output* json = {"status": 200})";

/// What all attempts of the step have cost until it was last written (docs/adr/0048).
constexpr std::string_view kStepUsed = R"(
    cpu_us int = 800
    memory_byte_seconds int = 5200
    bytes_in int = 1900
    bytes_out int = 300
    calls int = 1)";

constexpr std::string_view kRunUsed = R"(
    steps int = 4
    cpu_us int = 2600
    memory_byte_seconds int = 17000
    bytes_in int = 1900
    bytes_out int = 300
    calls int = 1)";

constexpr std::string_view kAttempt = R"(
    attempt int = 1
    at time
    error object = {"message": "The other system answered 503"})";

constexpr std::string_view kLine = R"(
    seq int
    logged_at time
    level debug|info|warn|error = info
    step_id text? = order
    iteration int = 0
    message text = 3 lines
    fields object? = {"order": 7})";

constexpr std::string_view kEvent = R"(
    seq int
    occurred_at time
    kind text = finished
    step_id text? = null
    iteration int = 0
    detail json = {"state": "success"})";

constexpr std::string_view kList = R"({"properties": {
    "workflow_id": {"$ref": "#/definitions/id"},
    "version": {"type": "integer", "minimum": 1, "examples": [3], "description": "Needs workflow_id"},
    "trigger_id": {"$ref": "#/definitions/id"},
    "parent_run_id": {"$ref": "#/definitions/id"},
    "state": {"type": "string", "minLength": 1, "maxLength": 60, "examples": ["failed,canceled"],
        "description":
            "One or more of queued, running, waiting, success, failed and canceled, joined by commas"},
    "begun_by": {"type": "string", "enum": ["manual", "rerun", "child", "handler", "webhook", "form",
        "schedule", "poll", "feed", "mail", "postgres", "notify", "event"],
        "description": "What began it: from webhook on, a kind of trigger"},
    "failure_kind": {"type": "string", "enum": ["workflow", "provider", "limit", "platform"]},
    "error": {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["timed out"],
        "description": "A part of the error's message, in any case of letters"},
    "created_after": {"type": "string", "format": "date-time"},
    "created_before": {"type": "string", "format": "date-time"},
    "started_after": {"type": "string", "format": "date-time"},
    "started_before": {"type": "string", "format": "date-time"},
    "finished_after": {"type": "string", "format": "date-time"},
    "finished_before": {"type": "string", "format": "date-time"},
    "duration_min_ms": {"type": "integer", "minimum": 0, "maximum": 315360000000, "examples": [1000]},
    "duration_max_ms": {"type": "integer", "minimum": 0, "maximum": 315360000000, "examples": [60000]},
    "tag": {"type": "string", "minLength": 1, "maxLength": 64, "examples": ["express"]},
    "index": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,62}$", "examples": ["order_id"],
        "description": "The name of a value in the workflow's index; with value or value_begins"},
    "value": {"type": "string", "minLength": 1, "maxLength": 256, "examples": ["1001"]},
    "value_begins": {"type": "string", "minLength": 1, "maxLength": 256, "examples": ["10"]}
    }})";

constexpr std::string_view kStepOf =
    R"({"properties": {"step_id": {
        "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]},
        "iteration": {"type": "integer", "minimum": 0, "default": 0,
            "description": "Of a step in a loop: the item's number, from 1"}}})";

constexpr std::string_view kLinesOf = R"({"properties": {
    "level": {"type": "string", "enum": ["debug", "info", "warn", "error"], "default": "debug",
        "description": "As grave as this, or graver"},
    "text": {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["lines"],
        "description": "A part of the message, the step's id or the fields, in any case of letters"},
    "step_id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]}
    }})";

constexpr std::string_view kStepsOf =
    R"({"properties": {"step_id": {
        "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]}}})";

constexpr std::string_view kCancel = R"({"properties": {
    "reason": {"type": "string", "minLength": 1, "maxLength": 500, "examples": ["Wrong order"]}}})";

}  // namespace

void Runs::add_operations(Table& table) {
    const Access read = may(Permission::kRunRead);
    table.define("run_held", kHeld);
    table.define("run", kRun);
    table.define("run_step", kStep);
    table.define("run_used", kRunUsed);
    table.define("step_used", kStepUsed);
    table.define("run_attempt", kAttempt);
    table.define("run_log_line", kLine);
    table.define("run_event", kEvent);
    table.define("run_events", "items [run_event]\nnext text? = null");
    table.define("run_started", "run_id id");
    table.add(lists(
        {"runs.list",
         "/runs",
         "Runs, newest first. A look is bounded: with filters a page may be short, even empty, and still "
         "have a next",
         read,
         "run",
         kList},
        bind(this, &Runs::list)
    ));
    table.add(shows(
        {"runs.get", "/runs/{id}", "One run with its values and steps", read, "run"}, bind(this, &Runs::get)
    ));
    table.add(shows(
        {"runs.get_step",
         "/runs/{id}/steps/{step_id}",
         "One step of a run with its values and earlier attempts",
         read,
         "run_step",
         kStepOf},
        bind(this, &Runs::get_step)
    ));
    table.add(lists(
        {"runs.steps",
         "/runs/{id}/steps",
         "Steps of a run; of those in loops one for each item",
         read,
         "run_step",
         kStepsOf},
        bind(this, &Runs::steps)
    ));
    table.add(lists(
        {"runs.logs",
         "/runs/{id}/logs",
         "Log lines of a run, oldest first. A look is bounded: with filters a page may be short, even empty, "
         "and still have a next",
         read,
         "run_log_line",
         kLinesOf},
        bind(this, &Runs::logs)
    ));
    table.add(shows(
        {"runs.events", "/runs/{id}/events", "What happened to a run, oldest first", read, "run_events"},
        bind(this, &Runs::events)
    ));
    add_values(table);
    add_commands(table);
    add_reruns(table);
    add_letters(table);
}

void Runs::add_commands(Table& table) {
    const auto add = [&](Row row, Handler handler, Mode mode) {
        row.answer = "run_started";
        row.object = "run";
        Operation operation = commands(row, std::move(handler));
        operation.status = 202;
        operation.mode = mode;
        if (mode == Mode::kOwn) {
            operation.replay = Replay::kYes;
            operation.answer_from = &Runs::started_json;
        }
        if (operation.name == "workflows.start") operation.audit_action = "run.start";
        table.add(std::move(operation));
    };
    const Access start = may(Permission::kRunStart);
    add({.name = "runs.cancel",
         .path = "/runs/{id}/cancel",
         .summary = "Ask a live run to stop",
         .access = may(Permission::kRunCancel),
         .input = kCancel},
        bind(this, &Runs::cancel),
        Mode::kWrite);
    add({.name = "workflows.start",
         .path = "/workflows/{id}/runs",
         .summary = "Start a run of the published version",
         .access = start,
         .input = R"({"properties": {"input": {"examples": [{"order_id": "1001"}]}}})"},
        bind(this, &Runs::start),
        Mode::kOwn);
}

}  // namespace weft::control
