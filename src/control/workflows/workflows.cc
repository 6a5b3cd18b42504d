#include "control/workflows/workflows.h"

#include "base/bytes.h"
#include "control/workflows/detail/answers.h"
#include "core/form/form.h"
#include "platform/rt/loop.h"
#include "store/triggers/schedules.h"
#include "store/triggers/triggers.h"

#include <algorithm>
#include <iterator>

namespace weft::control {

namespace rows = store::workflows;

Json workflow_json(const rows::Workflow& workflow) {
    return JsonObject{
        {"id", workflow.id.text()},
        {"key", workflow.key},
        {"name", workflow.name},
        {"description", workflow.description},
        {"state", name(workflow.state)},
        {"published_version_id", id_json(workflow.published_version_id)},
        {"published_version_number",
         workflow.published_number ? Json(*workflow.published_number) : Json(nullptr)},
        {"has_unpublished_changes", workflow.has_unpublished_changes},
        {"created_at", time_json(workflow.created_at)},
        {"updated_at", time_json(workflow.updated_at)},
    };
}

Json version_json(const rows::Version& version) {
    return JsonObject{
        {"id", version.id.text()},
        {"workflow_id", version.workflow_id.text()},
        {"number", version.number},
        {"content_hash", hex(version.content_hash)},
        {"published_by", id_json(version.published_by)},
        {"published_at", time_json(version.published_at)},
    };
}

Json whole_version_json(const rows::Version& version) {
    Json out = version_json(version);
    out.get_object()["definition"] = version.definition;
    return out;
}

namespace {

Json draft_json(const rows::Draft& draft) {
    return JsonObject{
        {"workflow_id", draft.workflow_id.text()},
        {"definition", draft.definition},
        {"revision", draft.revision},
        {"updated_by", id_json(draft.updated_by)},
        {"updated_at", time_json(draft.updated_at)},
    };
}

/// A definition is an object, or text in YAML (of which JSON is a part).
Result<Json> read_definition(const Json& given) {
    if (given.is_object()) {
        if (to_text(given).size() <= limits::kDefinitionBytesMax) return given;
        return fail(Error::limit("The definition is larger than 512 KiB", "definition"));
    }
    auto tree = workflow::read_text(given.get_string(), workflow::Format::kYaml);
    if (tree && tree->is_object()) return tree;
    if (tree) return fail(Error::invalid("definition must be an object", "definition"));
    std::string field = tree.error().field;
    return fail(std::move(tree).error().with_field(field.empty() ? "definition" : "definition." + field));
}

/// The member `definition` of an input, which outlives the call: as it was given, so that comments, order and
/// folding stay, once it can be read. Off the loop: YAML is slow to read.
rt::Task<Result<Json>> definition_in(const Json* input) {
    const Json* given = member_in(*input, "definition");
    auto read = [&] { return read_definition(*given); };
    CO_CHECK_OK(co_await rt::on_pool(read, rt::Pool::kTenants));
    co_return *given;
}

}  // namespace

namespace {

/// What the text alone says: its problems, or the definition.
std::vector<Error> parse_all(const Json& tree, std::optional<workflow::Definition>& out) {
    std::vector<Error> problems = workflow::problems(tree);
    if (!problems.empty()) return problems;
    auto definition = workflow::parse(tree);
    if (definition)
        out = std::move(*definition);
    else
        problems.push_back(std::move(definition).error());
    return problems;
}

}  // namespace

JsonArray Workflows::problems_of(const Checked& checked, const Json& definition) {
    const std::vector<Error>& problems = checked.problems;
    std::vector<std::optional<workflow::TextPlace>> places(problems.size());
    if (const std::string* text = definition.if_string()) places = workflow::places(*text, problems);
    JsonArray out = control::problems_json(problems);
    for (std::size_t i = 0; i < problems.size(); ++i) {
        if (!places[i]) continue;
        out[i].get_object()["line"] = places[i]->line;
        out[i].get_object()["column"] = places[i]->column;
    }
    return out;
}

/// Everything publishing would say of a definition as it was given. Off the loop: expressions are parsed,
/// schemas compiled, and scripts compiled elsewhere.
rt::Task<Workflows::Checked> Workflows::check_all(
    store::Db db, Json definition, std::string key, rt::Deadline by, std::string until
) {
    workflow::Part part;
    auto cut = [&]() -> Result<Json> {
        TRY(Json tree, read_definition(definition));
        if (until.empty()) return tree;
        TRY(part, workflow::up_to(tree, until));
        return std::exchange(part.tree, Json());
    };
    auto parse = [&] {
        Checked read;
        if (auto tree = cut()) {
            read.tree = *std::move(tree);
            read.problems = parse_all(read.tree, read.definition);
        } else {
            read.problems.push_back(std::move(tree).error());
        }
        return read;
    };
    Checked out = co_await rt::on_pool(parse, rt::Pool::kTenants);
    for (Error& problem : out.problems) problem.field = part.field_of(problem.field);
    if (!out.definition) co_return out;
    auto catalog = co_await load_catalog(db, workflow::wanted(*out.definition), by);
    if (!catalog) {
        out.database = fail(std::move(catalog).error());
        co_return out;
    }
    out.catalog = *std::move(catalog);
    out.catalog.workflows.insert(std::move(key));  // it may begin itself: it is about to be published
    auto check = [&] {
        std::vector<Error> problems = workflow::check(*out.definition, out.catalog);
        scripts::Found found = checker_.check(workflow::scripts(*out.definition));
        std::ranges::move(found.problems, std::back_inserter(problems));
        found.problems = std::move(problems);
        return found;
    };
    scripts::Found found = co_await rt::on_pool(check, rt::Pool::kTenants);
    out.problems = std::move(found.problems);
    for (Error& problem : out.problems) problem.field = part.field_of(problem.field);
    out.warning = std::move(found.warning);
    co_return out;
}

rt::Task<Result<Json>> Workflows::list(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    const auto state = maybe_text_in(input, "state").and_then(rows::state_from);
    CO_TRY(auto found, co_await rows::list(context.db(), state, page, context.deadline));
    co_return page_json(found, workflow_json);
}

rt::Task<Result<Json>> Workflows::create(Context& context, Json input) {
    rows::NewWorkflow workflow{
        .tenant = context.tenant(),
        .id = WorkflowId::make(env_.clock.now(), env_.rng),
        .key = text_in(input, "key"),
        .name = text_in(input, "name"),
        .description = text_in(input, "description"),
    };
    const auto id = workflow.id;
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(workflow), context.deadline));
    if (member_in(input, "definition") != nullptr) {
        CO_TRY(Json definition, co_await definition_in(&input));
        rows::DraftWrite draft{
            .tenant = context.tenant(),
            .workflow_id = id,
            .definition = std::move(definition),
            .expected_revision = 0,
            .updated_by = context.user(),
        };
        CO_CHECK_OK(co_await rows::save_draft(context.db(), std::move(draft), context.deadline));
        made.has_unpublished_changes = true;
    }
    co_return workflow_json(made);
}

rt::Task<Result<Json>> Workflows::change(Context& context, Json input) {
    rows::WorkflowChange change{
        .id = id_in<WorkflowId>(input),
        .name = maybe_text_in(input, "name"),
        .description = maybe_text_in(input, "description"),
    };
    context.object = change.id.uuid();
    CO_TRY(auto before, co_await rows::lock(context.db(), change.id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(before));
    CO_TRY(auto changed, co_await rows::change(context.db(), std::move(change), context.deadline));
    co_return workflow_json(changed);
}

rt::Task<Result<Json>> Workflows::get_draft(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    CO_TRY(auto workflow, co_await rows::find(context.db(), id, context.deadline));
    auto draft = co_await rows::find_draft(context.db(), id, context.deadline);
    if (draft) co_return draft_json(*draft);
    if (draft.error().code != Code::kNotFound) co_return fail(std::move(draft).error());
    // Nothing saved yet: an empty definition to start from, with the revision that a first save expects.
    rows::Draft empty{
        .workflow_id = id,
        .definition = JsonObject{{"name", workflow.key}, {"steps", JsonArray()}},
        .revision = 0,
        .updated_by = std::nullopt,
        .updated_at = workflow.created_at,
    };
    co_return draft_json(empty);
}

rt::Task<Result<Json>> Workflows::save_draft(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_TRY(auto workflow, co_await rows::find(context.db(), id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(workflow));
    CO_TRY(Json definition, co_await definition_in(&input));
    rows::DraftWrite write{
        .tenant = context.tenant(),
        .workflow_id = id,
        .definition = std::move(definition),
        .expected_revision = maybe_int_in(input, "revision"),
        .updated_by = context.user(),
    };
    CO_TRY(auto draft, co_await rows::save_draft(context.db(), std::move(write), context.deadline));
    co_return draft_json(draft);
}

rt::Task<Result<Json>> Workflows::given_or_draft(Context& context, WorkflowId id, Json input) {
    if (const Json* given = member_in(input, "definition")) co_return *given;
    CO_TRY(auto draft, co_await rows::find_draft(context.db(), id, context.deadline));
    co_return std::move(draft.definition);
}

rt::Task<Result<Json>> Workflows::validate(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    CO_TRY(auto workflow, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(Json definition, co_await given_or_draft(context, id, std::move(input)));
    const Checked checked = co_await check_all(context.db(), definition, workflow.key, context.deadline);
    CO_CHECK_OK(checked.database);
    JsonArray warnings;
    if (!checked.warning.empty()) warnings.emplace_back(checked.warning);
    co_return JsonObject{
        {"valid", checked.problems.empty()},
        {"problems", problems_of(checked, definition)},
        {"warnings", std::move(warnings)},
    };
}

/// Active forms must go on: each asks for what the new version demands.
rt::Task<Result<void>> Workflows::check_forms(Context& context, WorkflowId id, std::optional<Json> inputs) {
    using store::triggers::Kind;
    CO_TRY(
        auto forms,
        co_await store::triggers::active_of_workflow(context.db(), id, Kind::kForm, context.deadline)
    );
    for (const auto& trigger : forms) {
        CO_TRY(auto settings, form::parse_settings(trigger.config));
        auto make = [&] { return form::Form::make(inputs ? &*inputs : nullptr, std::move(settings)); };
        auto made = co_await rt::on_pool(make, rt::Pool::kTenants);
        if (made) continue;
        Error error = std::move(made).error();
        error.user = "The form \"" + trigger.name + "\" is active and would not work any more. " + error.user;
        co_return fail(std::move(error));
    }
    co_return Result<void>();
}

rt::Task<Result<Json>> Workflows::publish(Context& context, Json input) {
    const auto id = id_in<WorkflowId>(input);
    context.object = id.uuid();
    CO_TRY(auto workflow, co_await rows::find(context.db(), id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(workflow));
    CO_TRY(auto draft, co_await rows::find_draft(context.db(), id, context.deadline));
    Checked checked = co_await check_all(context.db(), draft.definition, workflow.key, context.deadline);
    CO_CHECK_OK(checked.database);
    if (!checked.problems.empty()) {
        context.problem["problems"] = problems_of(checked, draft.definition);
        co_return fail(checked.problems.front());
    }
    if (!checked.warning.empty()) context.audit_detail["warning"] = checked.warning;
    if (!checked.catalog.connections.empty()) {
        CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kConnectionUse));
    }
    auto compile = [&] { return workflow::compile(*checked.definition, checked.catalog); };
    CO_TRY(Json compiled, co_await rt::on_pool(compile, rt::Pool::kTenants));
    rows::NewVersion version{
        .tenant = context.tenant(),
        .id = WorkflowVersionId::make(env_.clock.now(), env_.rng),
        .workflow_id = id,
        .definition = std::move(checked.tree),
        .compiled = compiled,
        .content_hash = from_hex(workflow::content_hash(compiled)).value_or(""),
        .draft_hash = std::move(draft.content_hash),
        .published_by = context.user(),
    };
    CO_CHECK_OK(co_await store::triggers::lock_schedules_of_workflow(context.db(), id, context.deadline));
    CO_TRY(workflow, co_await rows::lock(context.db(), id, context.deadline));
    CO_CHECK_OK(rows::expect_changeable(workflow));
    CO_CHECK_OK(co_await check_forms(context, id, checked.definition->inputs));
    CO_TRY(auto published, co_await rows::publish(context.db(), std::move(version), context.deadline));
    context.audit_detail["version_id"] = published.id.text();
    context.audit_detail["number"] = published.number;
    CO_CHECK_OK(co_await tell_triggers(context, id));
    co_return version_json(published);
}

}  // namespace weft::control
