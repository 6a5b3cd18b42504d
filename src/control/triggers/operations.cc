#include "control/triggers/triggers.h"

namespace weft::control {

using http::Method;
using tenancy::Permission;

void Triggers::add_operations(Table& table) {
    table.add({
        .name = "triggers.list",
        .method = Method::kGet,
        .path = "/workflows/{id}/triggers",
        .summary = "Triggers of a workflow, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kTriggerRead),
        .handler = [this](Context& context, Json input) { return list(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.create",
        .method = Method::kPost,
        .path = "/workflows/{id}/triggers",
        .summary = "Add a trigger; a generated secret is shown once",
        .input = R"({
            "required": ["kind", "name", "config"],
            "properties": {
                "kind": {"enum": ["webhook"]},
                "name": {"$ref": "#/definitions/name"},
                "config": {"type": "object"},
                "secret": {"type": "string", "minLength": 16, "maxLength": 256}
            }})",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .key = store::vault::KeyClass::kIngress,
        .shown_once = "secret",
        .status = 201,
        .audit_action = "trigger.create",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return create(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.get",
        .method = Method::kGet,
        .path = "/triggers/{id}",
        .summary = "One trigger, with its address",
        .access = Access::with(Permission::kTriggerRead),
        .handler = [this](Context& context, Json input) { return get(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.refused",
        .method = Method::kGet,
        .path = "/triggers/{id}/refused",
        .summary = "Deliveries that were not taken, by kind, newest first",
        .access = Access::with(Permission::kTriggerRead),
        .handler = [this](Context& context, Json input) { return refused(context, std::move(input)); },
    });
    add_changes(table);
}

void Triggers::add_changes(Table& table) {
    table.add({
        .name = "triggers.change",
        .method = Method::kPatch,
        .path = "/triggers/{id}",
        .summary = "Change a trigger's name or settings",
        .input = R"({"properties": {
            "name": {"$ref": "#/definitions/name"}, "config": {"type": "object"}}})",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .key = store::vault::KeyClass::kIngress,
        .audit_action = "trigger.change",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return change(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.delete",
        .method = Method::kDelete,
        .path = "/triggers/{id}",
        .summary = "Delete a trigger; its address is gone for good",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "trigger.delete",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return remove(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.activate",
        .method = Method::kPost,
        .path = "/triggers/{id}/activate",
        .summary = "Accept events",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .key = store::vault::KeyClass::kIngress,
        .audit_action = "trigger.activate",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return activate(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.deactivate",
        .method = Method::kPost,
        .path = "/triggers/{id}/deactivate",
        .summary = "Refuse events",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .key = store::vault::KeyClass::kIngress,
        .audit_action = "trigger.deactivate",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return deactivate(context, std::move(input)); },
    });
    table.add({
        .name = "triggers.rotate",
        .method = Method::kPost,
        .path = "/triggers/{id}/rotate",
        .summary = "A new address, or a new secret (the old one holds 24 h)",
        .input = R"({"required": ["what"], "properties": {"what": {"enum": ["token", "secret"]}}})",
        .access = Access::with(Permission::kTriggerEdit),
        .mode = Mode::kWrite,
        .key = store::vault::KeyClass::kIngress,
        .audit_action = "trigger.rotate",
        .audit_object = "trigger",
        .handler = [this](Context& context, Json input) { return rotate(context, std::move(input)); },
    });
}

}  // namespace weft::control
