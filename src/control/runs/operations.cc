#include "control/runs/runs.h"

namespace weft::control {

using http::Method;
using tenancy::Permission;

void Runs::add_operations(Table& table) {
    table.add({
        .name = "runs.list",
        .method = Method::kGet,
        .path = "/runs",
        .summary = "Runs, newest first",
        .input = R"({
            "properties": {
                "workflow_id": {"$ref": "#/definitions/id"},
                "state": {"enum": ["queued", "running", "waiting", "success", "failed", "canceled"]},
                "limit": {"$ref": "#/definitions/limit"},
                "after": {"$ref": "#/definitions/after"}
            }})",
        .access = Access::with(Permission::kRunRead),
        .handler = [this](Context& context, Json input) { return list(context, std::move(input)); },
    });
    table.add({
        .name = "runs.get",
        .method = Method::kGet,
        .path = "/runs/{id}",
        .summary = "One run with its values and steps",
        .access = Access::with(Permission::kRunRead),
        .handler = [this](Context& context, Json input) { return get(context, std::move(input)); },
    });
    table.add({
        .name = "runs.get_step",
        .method = Method::kGet,
        .path = "/runs/{id}/steps/{step_id}",
        .summary = "One step of a run with its values and earlier attempts",
        .input = R"({"properties": {"step_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"}}})",
        .access = Access::with(Permission::kRunRead),
        .handler = [this](Context& context, Json input) { return get_step(context, std::move(input)); },
    });
    table.add({
        .name = "runs.logs",
        .method = Method::kGet,
        .path = "/runs/{id}/logs",
        .summary = "Log lines of a run, oldest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kRunRead),
        .handler = [this](Context& context, Json input) { return logs(context, std::move(input)); },
    });
    table.add({
        .name = "runs.events",
        .method = Method::kGet,
        .path = "/runs/{id}/events",
        .summary = "What happened to a run, oldest first",
        .access = Access::with(Permission::kRunRead),
        .handler = [this](Context& context, Json input) { return events(context, std::move(input)); },
    });
    add_commands(table);
}

void Runs::add_commands(Table& table) {
    table.add({
        .name = "runs.cancel",
        .method = Method::kPost,
        .path = "/runs/{id}/cancel",
        .summary = "Ask a live run to stop",
        .input = R"({"properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 500}}})",
        .access = Access::with(Permission::kRunCancel),
        .mode = Mode::kWrite,
        .status = 202,
        .audit_action = "run.cancel",
        .audit_object = "run",
        .handler = [this](Context& context, Json input) { return cancel(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.start",
        .method = Method::kPost,
        .path = "/workflows/{id}/runs",
        .summary = "Start a run of the published version",
        .input = R"({"properties": {"input": {}}})",
        .access = Access::with(Permission::kRunStart),
        .mode = Mode::kOwn,
        .replay = Replay::kYes,
        .answer_from = &Runs::started_json,
        .status = 202,
        .audit_action = "run.start",
        .audit_object = "run",
        .handler = [this](Context& context, Json input) { return start(context, std::move(input)); },
    });
    table.add({
        .name = "runs.rerun",
        .method = Method::kPost,
        .path = "/runs/{id}/rerun",
        .summary = "Start a run with the same version and input",
        .access = Access::with(Permission::kRunStart),
        .mode = Mode::kOwn,
        .replay = Replay::kYes,
        .answer_from = &Runs::started_json,
        .status = 202,
        .audit_action = "run.rerun",
        .audit_object = "run",
        .handler = [this](Context& context, Json input) { return rerun(context, std::move(input)); },
    });
}

}  // namespace weft::control
