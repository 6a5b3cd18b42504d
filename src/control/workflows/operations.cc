#include "control/workflows/workflows.h"

namespace weft::control {

using http::Method;
using tenancy::Permission;

void Workflows::add_operations(Table& table) {
    table.add({
        .name = "workflows.list",
        .method = Method::kGet,
        .path = "/workflows",
        .summary = "Workflows, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return list(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.create",
        .method = Method::kPost,
        .path = "/workflows",
        .summary = "Add a workflow, with a draft if a definition is given",
        .input = R"({
            "required": ["key", "name"],
            "properties": {
                "key": {"$ref": "#/definitions/key"},
                "name": {"$ref": "#/definitions/name"},
                "description": {"$ref": "#/definitions/text"},
                "definition": {"type": ["object", "string"]}
            }})",
        .access = Access::with(Permission::kWorkflowEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "workflow.create",
        .audit_object = "workflow",
        .handler = [this](Context& context, Json input) { return create(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.get",
        .method = Method::kGet,
        .path = "/workflows/{id}",
        .summary = "One workflow",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return get(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.change",
        .method = Method::kPatch,
        .path = "/workflows/{id}",
        .summary = "Change a workflow's name or description",
        .input = R"({"properties": {
            "name": {"$ref": "#/definitions/name"}, "description": {"$ref": "#/definitions/text"}}})",
        .access = Access::with(Permission::kWorkflowEdit),
        .mode = Mode::kWrite,
        .audit_action = "workflow.change",
        .audit_object = "workflow",
        .handler = [this](Context& context, Json input) { return change(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.delete",
        .method = Method::kDelete,
        .path = "/workflows/{id}",
        .summary = "Delete a workflow that was never published",
        .access = Access::with(Permission::kWorkflowEdit),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "workflow.delete",
        .audit_object = "workflow",
        .handler = [this](Context& context, Json input) { return remove(context, std::move(input)); },
    });
    add_drafts(table);
}

void Workflows::add_drafts(Table& table) {
    table.add({
        .name = "workflows.get_draft",
        .method = Method::kGet,
        .path = "/workflows/{id}/draft",
        .summary = "The draft",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return get_draft(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.save_draft",
        .method = Method::kPut,
        .path = "/workflows/{id}/draft",
        .summary = "Save the draft; a stale revision is refused",
        .input = R"({
            "required": ["definition"],
            "properties": {
                "definition": {"type": ["object", "string"]},
                "revision": {"type": "integer", "minimum": 0, "maximum": 2000000000}
            }})",
        .access = Access::with(Permission::kWorkflowEdit),
        .mode = Mode::kWrite,
        .audit_action = "workflow.save_draft",
        .audit_object = "workflow",
        .handler = [this](Context& context, Json input) { return save_draft(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.validate",
        .method = Method::kPost,
        .path = "/workflows/{id}/validate",
        .summary = "Everything that publishing would refuse; of the draft, or of a definition given",
        .input = R"({"properties": {"definition": {"type": ["object", "string"]}}})",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return validate(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.publish",
        .method = Method::kPost,
        .path = "/workflows/{id}/publish",
        .summary = "Publish the draft as the next version",
        .access = Access::with(Permission::kWorkflowPublish),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "workflow.publish",
        .audit_object = "workflow",
        .handler = [this](Context& context, Json input) { return publish(context, std::move(input)); },
    });
    table.add({
        .name = "workflows.list_versions",
        .method = Method::kGet,
        .path = "/workflows/{id}/versions",
        .summary = "Published versions, newest first",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return list_versions(context, std::move(input)); },
    });
    table.add({
        .name = "workflow_versions.get",
        .method = Method::kGet,
        .path = "/workflow-versions/{id}",
        .summary = "One published version with its definition",
        .access = Access::with(Permission::kWorkflowRead),
        .handler = [this](Context& context, Json input) { return get_version(context, std::move(input)); },
    });
}

}  // namespace weft::control
