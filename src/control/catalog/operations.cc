#include "control/catalog/catalog.h"

namespace weft::control {

using http::Method;
using tenancy::Permission;

void Catalog::add_operations(Table& table) {
    add_apps(table);
    add_versions(table);
    add_actions(table);
}

void Catalog::add_apps(Table& table) {
    table.add({
        .name = "apps.list",
        .method = Method::kGet,
        .path = "/apps",
        .summary = "Apps, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return list_apps(context, std::move(input)); },
    });
    table.add({
        .name = "apps.create",
        .method = Method::kPost,
        .path = "/apps",
        .summary = "Add an app",
        .input = R"({
            "required": ["key", "name"],
            "properties": {
                "key": {"$ref": "#/definitions/key"},
                "name": {"$ref": "#/definitions/name"},
                "description": {"$ref": "#/definitions/text"}
            }})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "app.create",
        .audit_object = "app",
        .handler = [this](Context& context, Json input) { return create_app(context, std::move(input)); },
    });
    table.add({
        .name = "apps.get",
        .method = Method::kGet,
        .path = "/apps/{id}",
        .summary = "One app",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return get_app(context, std::move(input)); },
    });
    table.add({
        .name = "apps.change",
        .method = Method::kPatch,
        .path = "/apps/{id}",
        .summary = "Change an app's name or description",
        .input = R"({"properties": {
            "name": {"$ref": "#/definitions/name"}, "description": {"$ref": "#/definitions/text"}}})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .audit_action = "app.change",
        .audit_object = "app",
        .handler = [this](Context& context, Json input) { return change_app(context, std::move(input)); },
    });
    table.add({
        .name = "apps.delete",
        .method = Method::kDelete,
        .path = "/apps/{id}",
        .summary = "Delete an app without connections, its versions and actions",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "app.delete",
        .audit_object = "app",
        .handler = [this](Context& context, Json input) { return delete_app(context, std::move(input)); },
    });
}

void Catalog::add_versions(Table& table) {
    table.add({
        .name = "app_versions.list",
        .method = Method::kGet,
        .path = "/apps/{id}/versions",
        .summary = "Versions of an app, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return list_versions(context, std::move(input)); },
    });
    table.add({
        .name = "app_versions.create",
        .method = Method::kPost,
        .path = "/apps/{id}/versions",
        .summary = "Add a draft version; it starts with the actions of the one before",
        .input = R"({
            "required": ["manifest"],
            "properties": {
                "major": {"type": "integer", "minimum": 1, "maximum": 99999},
                "manifest": {"$ref": "#/definitions/definition"}
            }})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "app_version.create",
        .audit_object = "app_version",
        .handler = [this](Context& context, Json input) { return create_version(context, std::move(input)); },
    });
    table.add({
        .name = "app_versions.get",
        .method = Method::kGet,
        .path = "/app-versions/{id}",
        .summary = "One version",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return get_version(context, std::move(input)); },
    });
    table.add({
        .name = "app_versions.change",
        .method = Method::kPatch,
        .path = "/app-versions/{id}",
        .summary = "Replace a draft's manifest",
        .input =
            R"({"required": ["manifest"], "properties": {"manifest": {"$ref": "#/definitions/definition"}}})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .audit_action = "app_version.change",
        .audit_object = "app_version",
        .handler = [this](Context& context, Json input) { return change_version(context, std::move(input)); },
    });
    add_transitions(table);
}

void Catalog::add_transitions(Table& table) {
    table.add({
        .name = "app_versions.publish",
        .method = Method::kPost,
        .path = "/app-versions/{id}/publish",
        .summary = "Publish a draft; it never changes again",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .audit_action = "app_version.publish",
        .audit_object = "app_version",
        .handler =
            [this](Context& context, Json input) { return publish_version(context, std::move(input)); },
    });
    table.add({
        .name = "app_versions.deprecate",
        .method = Method::kPost,
        .path = "/app-versions/{id}/deprecate",
        .summary = "No new workflow may use it; published ones go on",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .audit_action = "app_version.deprecate",
        .audit_object = "app_version",
        .handler =
            [this](Context& context, Json input) { return deprecate_version(context, std::move(input)); },
    });
}

void Catalog::add_actions(Table& table) {
    table.add({
        .name = "actions.list",
        .method = Method::kGet,
        .path = "/app-versions/{id}/actions",
        .summary = "Actions of a version, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return list_actions(context, std::move(input)); },
    });
    table.add({
        .name = "actions.create",
        .method = Method::kPost,
        .path = "/app-versions/{id}/actions",
        .summary = "Add an action to a draft",
        .input = R"({
            "required": ["key", "name", "definition"],
            "properties": {
                "key": {"$ref": "#/definitions/key"},
                "name": {"$ref": "#/definitions/name"},
                "definition": {"$ref": "#/definitions/definition"}
            }})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "action.create",
        .audit_object = "action",
        .handler = [this](Context& context, Json input) { return create_action(context, std::move(input)); },
    });
    table.add({
        .name = "actions.get",
        .method = Method::kGet,
        .path = "/actions/{id}",
        .summary = "One action",
        .access = Access::with(Permission::kAppRead),
        .handler = [this](Context& context, Json input) { return get_action(context, std::move(input)); },
    });
    table.add({
        .name = "actions.change",
        .method = Method::kPatch,
        .path = "/actions/{id}",
        .summary = "Change an action of a draft",
        .input = R"({"properties": {
            "name": {"$ref": "#/definitions/name"}, "definition": {"$ref": "#/definitions/definition"}}})",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .audit_action = "action.change",
        .audit_object = "action",
        .handler = [this](Context& context, Json input) { return change_action(context, std::move(input)); },
    });
    table.add({
        .name = "actions.delete",
        .method = Method::kDelete,
        .path = "/actions/{id}",
        .summary = "Remove an action from a draft",
        .access = Access::with(Permission::kAppEdit),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "action.delete",
        .audit_object = "action",
        .handler = [this](Context& context, Json input) { return delete_action(context, std::move(input)); },
    });
}

}  // namespace weft::control
