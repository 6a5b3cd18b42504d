#include "control/api/family.h"
#include "control/triggers/triggers.h"

namespace weft::control {

using tenancy::Permission;

namespace {

constexpr std::string_view kTrigger = R"(
    id id
    workflow_id id
    kind webhook|schedule|form|poll|feed|event|mail|postgres|notify
    name text = Orders of the shop
    state active|inactive
    health off|never|ok|failing
    setup inactive|pending|active|failed|deactivating
    config object = {"mode": "async", "signature": {"scheme": "hmac-sha256"}}
    has_secret bool
    url text? = https://weft.example.com/hooks/whk_...
    schedule schedule_state?
    poll poll_state?
    created_at time
    updated_at time
    secret* text = whsec_...
    previous_secret_until* time)";

/// Where a schedule stands; counts since it was made.
constexpr std::string_view kScheduleState = R"(
    next_at time?
    waiting_for time? = null
    last_scheduled_for time?
    last_fired_at time?
    last_run_id id?
    fired int = 12
    missed int = 0
    skipped int = 0
    problem text? = null)";

/// Where a trigger that asks another system stands; counts since it was made.
constexpr std::string_view kPollState = R"(
    health off|waiting|failing|ok
    next_at time?
    polled_at time?
    event_at time?
    last_run_id id?
    cursor json? = "2026-12-01T09:00:00Z"
    polls int = 288
    items int = 12
    fired int = 12
    filtered int = 0
    failures int = 0
    failing_since time? = null
    problem text? = null)";

constexpr std::string_view kPreview = R"(
    config object = {"cron": "0 9 * * MON-FRI", "zone": "Europe/Madrid"}
    times [schedule_time]
    tzdata text = 2026a)";

constexpr std::string_view kTime = R"(
    at time
    local text = 2026-12-01T09:00:00.000+01:00)";

constexpr std::string_view kZones = R"(
    tzdata text = 2026a
    names [text] = ["Africa/Abidjan", "Europe/Madrid"])";

constexpr std::string_view kAskPreview = R"({
    "required": ["config"],
    "properties": {
        "config": {
            "type": "object", "examples": [{"every": "2 weeks on Monday at 9:00", "zone": "Europe/Madrid"}]
        },
        "count": {"type": "integer", "minimum": 1, "maximum": 50, "examples": [5]},
        "trigger_id": {"$ref": "#/definitions/id"}
    }})";

constexpr std::string_view kRefused = R"(
    reason text = signature
    status int = 401
    content_type text = application/json
    address text = 192.0.2.0/24
    first_at time
    last_at time
    deliveries int = 12
    size_bytes int = 512)";

constexpr std::string_view kAllRefused = R"(
    items [refused_delivery]
    next text?)";

/// Of the last event and the last that was not taken; counts of the last 24 hours, of runs up to 10,000.
constexpr std::string_view kHealth = R"(
    health off|never|ok|failing
    event_at time?
    last_run_id id?
    missed_at time? = null
    missed_reason text? = null
    missed_detail text? = null
    day_runs int = 120
    day_runs_is_more bool = false
    day_missed int = 0)";

constexpr std::string_view kHappening = R"(
    id id
    at time
    kind run|miss = miss
    run_id id?
    run_state text? = null
    reason text? = signature
    events int = 12
    detail text? = null)";

constexpr std::string_view kNew =
    R"({
    "required": ["kind", "name", "config"],
    "properties": {
        "kind": {"type": "string", "enum": [
            "webhook", "schedule", "form", "poll", "feed", "event", "mail", "postgres", "notify"]},
        "name": {"$ref": "#/definitions/name"},
        "config": {
            "type": "object",
            "description": "webhook: signature, mode, challenge, on_invalid_input, networks, methods, path. )"
    R"(schedule: cron or every, zone, starting, overlap, catch_up, catch_up_within, jitter, )"
    R"(pause_until, input. form, all optional: title, description, button, thanks (texts), )"
    R"(redirect (https), path, fields (names of inputs, in order), zone. )"
    R"(event: on (success, failed, canceled), workflows (keys; absent: every other). )"
    R"(poll: uses, connection, with, items, id, cursor ({of, path}), every, start (now or all), )"
    R"(batch. feed: url, connection, headers, every, start, batch. )"
    R"(mail: connection, folder, every, start, unseen, after (nothing, seen, move or delete), move_to, )"
    R"(attachments, attachments_mb. postgres: connection, schema, table, cursor, columns, every, )"
    R"(start. notify: connection, channel. All but schedule and event: filter.",
            "examples": [{"signature": {"scheme": "hmac-sha256"}}]
        },
        "secret": {
            "type": "string", "minLength": 16, "maxLength": 256, "examples": ["at-least-16-characters"]
        }
    }})";

constexpr std::string_view kChange = R"({"properties": {
    "name": {"$ref": "#/definitions/name"},
    "config": {"type": "object", "examples": [{"signature": {"scheme": "hmac-sha256"}}]}}})";

constexpr std::string_view kSample = R"(
    state none|listening|captured|failed|made = captured
    listening_until time? = null
    captured_at time?
    problem text? = null
    is_hidden bool = false
    event* json = {"input": {"order_id": "1001"}, "trigger": {"kind": "webhook"}})";

constexpr std::string_view kCapture = R"({"properties": {
    "seconds": {"type": "integer", "minimum": 0, "maximum": 600, "description":
        "How long to wait for an event; 0: no longer", "examples": [600]}}})";

constexpr std::string_view kRotate = R"({
    "required": ["what"],
    "properties": {
        "what": {"type": "string", "enum": ["token", "secret"]},
        "secret": {
            "type": "string", "minLength": 16, "maxLength": 256,
            "description": "The one that the sender gives; absent: one is made",
            "examples": ["at-least-16-characters"]
        }
    }})";

/// Answers show the address, which is sealed.
Operation sealed(Operation operation) {
    operation.key = store::vault::KeyClass::kIngress;
    return operation;
}

/// Likewise, and a secret when it has made one.
Operation makes_secret(Operation operation) {
    operation.shown_once = "secret";
    return sealed(std::move(operation));
}

}  // namespace

void Triggers::add_operations(Table& table) {
    const Access read = may(Permission::kTriggerRead);
    const Access edit = may(Permission::kTriggerEdit);
    const std::string_view answer = "trigger";
    table.define(answer, kTrigger);
    table.define("poll_state", kPollState);
    table.define("refused_delivery", kRefused);
    table.define("refused_deliveries", kAllRefused);
    table.add(lists(
        {"triggers.list", "/workflows/{id}/triggers", "Triggers of a workflow, newest first", read, answer},
        bind(this, &Triggers::list)
    ));
    table.add(makes_secret(creates(
        {"triggers.create",
         "/workflows/{id}/triggers",
         "Add a trigger; a generated secret is shown once",
         edit,
         answer,
         kNew},
        bind(this, &Triggers::create)
    )));
    table.add(shows(
        {"triggers.get",
         "/triggers/{id}",
         "One trigger, with its address for those who may edit",
         read,
         answer},
        bind(this, &Triggers::get)
    ));
    table.add(shows(
        {"triggers.refused",
         "/triggers/{id}/refused",
         "Deliveries that were not taken, by kind, newest first",
         read,
         "refused_deliveries"},
        bind(this, &Triggers::refused)
    ));
    table.add(makes_secret(changes(
        {"triggers.change",
         "/triggers/{id}",
         "Change a trigger's name or settings; a secret that is now needed is shown once",
         edit,
         answer,
         kChange},
        bind(this, &Triggers::change)
    )));
    table.add(deletes(
        {"triggers.delete", "/triggers/{id}", "Delete a trigger; its address is gone for good", edit, answer},
        bind(this, &Triggers::remove)
    ));
    table.add(sealed(commands(
        {"triggers.activate", "/triggers/{id}/activate", "Accept events, or fire from now on", edit, answer},
        bind(this, &Triggers::activate)
    )));
    table.add(sealed(commands(
        {"triggers.deactivate", "/triggers/{id}/deactivate", "Refuse events, or fire no more", edit, answer},
        bind(this, &Triggers::deactivate)
    )));
    table.add(makes_secret(commands(
        {"triggers.rotate",
         "/triggers/{id}/rotate",
         "A new address, or a new secret, shown once (the old one holds 24 h)",
         edit,
         answer,
         kRotate},
        bind(this, &Triggers::rotate)
    )));
    add_history(table);
    add_samples(table);
    add_schedules(table);
}

void Triggers::add_history(Table& table) {
    const Access read = may(Permission::kTriggerRead);
    table.define("trigger_health", kHealth);
    table.define("trigger_happening", kHappening);
    table.add(shows(
        {"triggers.health",
         "/triggers/{id}/health",
         "How a trigger fares: its last event, what it last did not take, counts of the last day",
         read,
         "trigger_health"},
        bind(this, &Triggers::health)
    ));
    table.add(lists(
        {"triggers.history",
         "/triggers/{id}/history",
         "Runs of a trigger and what it did not take, by the minute; newest first",
         read,
         "trigger_happening"},
        bind(this, &Triggers::history)
    ));
}

void Triggers::add_samples(Table& table) {
    const Access read = may(Permission::kTriggerRead);
    const Access edit = may(Permission::kTriggerEdit);
    table.define("trigger_sample", kSample);
    table.add(shows(
        {"triggers.sample",
         "/triggers/{id}/sample",
         "The newest event that was captured, for who may start runs; of a schedule one that is made up",
         read,
         "trigger_sample"},
        bind(this, &Triggers::sample)
    ));
    table.add(commands(
        {"triggers.capture",
         "/triggers/{id}/capture",
         "Listen for the next event, which becomes the sample; whether the trigger is active or not",
         edit,
         "trigger_sample",
         kCapture,
         "trigger"},
        bind(this, &Triggers::capture)
    ));
}

void Triggers::add_schedules(Table& table) {
    const Access read = may(Permission::kTriggerRead);
    table.define("schedule_state", kScheduleState);
    table.define("schedule_preview", kPreview);
    table.define("schedule_time", kTime);
    table.define("zones", kZones);
    table.add(shows(
        {"schedules.zones", "/schedules/zones", "The time zones that a schedule may be in", read, "zones"},
        bind(this, &Triggers::zones)
    ));
    Operation preview = shows(
        {"schedules.preview",
         "/schedules/preview",
         "When a schedule of these settings would fire next (as a change of trigger_id), or what is wrong "
         "with them",
         read,
         "schedule_preview",
         kAskPreview},
        bind(this, &Triggers::preview)
    );
    preview.method = http::Method::kPost;
    table.add(std::move(preview));
}

}  // namespace weft::control
