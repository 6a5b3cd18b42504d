#include "control/api/family.h"
#include "control/workflows/detail/answers.h"
#include "control/workflows/workflows.h"

namespace weft::control {

namespace rows = store::workflows;
using tenancy::Permission;

namespace {

constexpr std::string_view kWorkflow = R"(
    id id
    key text = orders
    name text = Orders
    description text
    state active|inactive|archived
    published_version_id id?
    published_version_number int? = 3
    has_unpublished_changes bool = false
    created_at time
    updated_at time)";

constexpr std::string_view kDraft = R"(
    workflow_id id
    definition json = {"name": "orders", "steps": [{"id": "one", "uses": "core/map", "with": {"x": 1}}]}
    revision int = 4
    updated_by id?
    updated_at time)";

constexpr std::string_view kVersion = R"(
    id id
    workflow_id id
    number int = 3
    content_hash text = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    published_by id?
    published_at time
    definition* object = {"name": "orders", "steps": [{"id": "one", "uses": "core/map", "with": {"x": 1}}]})";

constexpr std::string_view kProblem = R"(
    field text = steps[0].uses
    message text = steps[0].uses: no published version has this action
    line* int = 4
    column* int = 11)";

constexpr std::string_view kValidation = R"(
    valid bool = false
    problems [definition_problem]
    warnings [text] = [])";

constexpr std::string_view kList =
    R"({"properties": {"state": {"enum": ["active", "inactive", "archived"]}}})";

constexpr std::string_view kNew = R"({
    "required": ["key", "name"],
    "properties": {
        "key": {"$ref": "#/definitions/key"},
        "name": {"$ref": "#/definitions/name"},
        "description": {"$ref": "#/definitions/text"},
        "definition": {"$ref": "#/definitions/workflow_definition"}
    }})";

constexpr std::string_view kPause = R"(
    state closed|open|half_open = closed
    failures int = 0
    until time? = null
    opened_at time? = null
    probe_run_id id? = null
    reason text? = null)";

constexpr std::string_view kChange = R"({"properties": {
    "name": {"$ref": "#/definitions/name"}, "description": {"$ref": "#/definitions/text"}}})";

constexpr std::string_view kSave = R"({
    "required": ["definition"],
    "properties": {
        "definition": {"$ref": "#/definitions/workflow_definition"},
        "revision": {"type": "integer", "minimum": 0, "maximum": 2000000000}
    }})";

constexpr std::string_view kValidate =
    R"({"properties": {"definition": {"$ref": "#/definitions/workflow_definition"}}})";

}  // namespace

void Workflows::add_operations(Table& table) {
    const Access read = may(Permission::kWorkflowRead);
    const Access edit = may(Permission::kWorkflowEdit);
    const std::string_view answer = "workflow";
    table.define(answer, kWorkflow);
    table.add(lists(
        {"workflows.list",
         "/workflows",
         "Workflows, newest first; archived ones only when asked for",
         read,
         answer,
         kList},
        bind(this, &Workflows::list)
    ));
    table.add(creates(
        {"workflows.create",
         "/workflows",
         "Add a workflow, with a draft if a definition is given",
         edit,
         answer,
         kNew},
        bind(this, &Workflows::create)
    ));
    table.add(shows(
        {"workflows.get", "/workflows/{id}", "One workflow", read, answer}, by_id(rows::find, workflow_json)
    ));
    table.add(changes(
        {"workflows.change",
         "/workflows/{id}",
         "Change a workflow's name or description",
         edit,
         answer,
         kChange},
        bind(this, &Workflows::change)
    ));
    table.add(deletes(
        {"workflows.delete",
         "/workflows/{id}",
         "Delete a workflow with its triggers, draft and versions; one that has run must be archived",
         edit,
         answer},
        bind(this, &Workflows::remove)
    ));
    add_drafts(table);
    add_tests(table);
    add_states(table);
    add_imports(table);
}

void Workflows::add_drafts(Table& table) {
    const Access read = may(Permission::kWorkflowRead);
    table.define("draft", kDraft);
    table.define("workflow_version", kVersion);
    table.define("definition_problem", kProblem);
    table.define("validation", kValidation);
    table.add(shows(
        {"workflows.get_draft", "/workflows/{id}/draft", "The draft", read, "draft"},
        bind(this, &Workflows::get_draft)
    ));
    Operation save = changes(
        {.name = "workflows.save_draft",
         .path = "/workflows/{id}/draft",
         .summary = "Save the draft; a stale revision is refused",
         .access = may(Permission::kWorkflowEdit),
         .answer = "draft",
         .input = kSave,
         .object = "workflow"},
        bind(this, &Workflows::save_draft)
    );
    save.method = http::Method::kPut;
    table.add(std::move(save));
    Operation validate = shows(
        {"workflows.validate",
         "/workflows/{id}/validate",
         "Everything that publishing would refuse; of the draft, or of a definition given",
         read,
         "validation",
         kValidate},
        bind(this, &Workflows::validate)
    );
    validate.method = http::Method::kPost;
    table.add(std::move(validate));
    table.add(creates(
        {.name = "workflows.publish",
         .path = "/workflows/{id}/publish",
         .summary = "Publish the draft as the next version",
         .access = may(Permission::kWorkflowPublish),
         .answer = "workflow_version",
         .object = "workflow"},
        bind(this, &Workflows::publish)
    ));
    table.add(lists(
        {"workflows.list_versions",
         "/workflows/{id}/versions",
         "Published versions, newest first",
         read,
         "workflow_version"},
        list_below(rows::find, rows::list_versions, version_json)
    ));
    table.add(shows(
        {"workflow_versions.get",
         "/workflow-versions/{id}",
         "One published version with its definition",
         read,
         "workflow_version"},
        by_id(rows::find_version, whole_version_json)
    ));
}

void Workflows::add_states(Table& table) {
    const Access publish = may(Permission::kWorkflowPublish);
    const auto add = [&](std::string_view name, std::string_view path, std::string_view summary, Handler act
                     ) { table.add(commands({name, path, summary, publish, "workflow"}, std::move(act))); };
    const auto switches_to = [this](rows::State state) -> Handler {
        return [this, state](Context& context, Json input) {
            return switch_to(context, std::move(input), state);
        };
    };
    add("workflows.activate",
        "/workflows/{id}/activate",
        "Let an inactive workflow start runs again",
        switches_to(rows::State::kActive));
    add("workflows.deactivate",
        "/workflows/{id}/deactivate",
        "Its triggers accept nothing and nothing starts; what runs goes on",
        switches_to(rows::State::kInactive));
    add("workflows.archive",
        "/workflows/{id}/archive",
        "Deactivate it and put it away: it leaves the list and does not change",
        bind(this, &Workflows::archive));
    add("workflows.restore",
        "/workflows/{id}/restore",
        "Bring an archived workflow back, as inactive",
        bind(this, &Workflows::restore));
    table.define("workflow_pause", kPause);
    table.add(shows(
        {"workflows.get_pause",
         "/workflows/{id}/pause",
         "Whether the workflow's breaker has paused it, and why",
         may(Permission::kWorkflowRead),
         "workflow_pause"},
        bind(this, &Workflows::pause)
    ));
    table.add(commands(
        {"workflows.resume",
         "/workflows/{id}/resume",
         "End the pause of a workflow's breaker: runs that wait begin",
         publish,
         "workflow_pause",
         "{}",
         "workflow"},
        bind(this, &Workflows::resume)
    ));
}

}  // namespace weft::control
