#include "base/limits.h"
#include "control/api/family.h"
#include "control/catalog/catalog.h"
#include "core/connector/connector.h"
#include "platform/rt/loop.h"
#include "store/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace weft::control {

namespace rows = store::catalog;
using tenancy::Permission;

namespace {

constexpr std::string_view kAction = R"(
    id id
    app_version_id id
    key text = get-order
    name text = Get an order
    definition object = {"method": "GET", "path": "/orders/{{ input.id }}"}
    created_at time
    updated_at time)";

constexpr std::string_view kNewAction = R"({
    "required": ["key", "name", "definition"],
    "properties": {
        "key": {"$ref": "#/definitions/key"},
        "name": {"$ref": "#/definitions/name"},
        "definition": {"$ref": "#/definitions/action_definition"}
    }})";

constexpr std::string_view kActionChange = R"({"properties": {
    "name": {"$ref": "#/definitions/name"}, "definition": {"$ref": "#/definitions/action_definition"}}})";

Json action_json(const rows::Action& action) {
    return JsonObject{
        {"id", action.id.text()},
        {"app_version_id", action.app_version_id.text()},
        {"key", action.key},
        {"name", action.name},
        {"definition", action.definition},
        {"created_at", time_json(action.created_at)},
        {"updated_at", time_json(action.updated_at)},
    };
}

/// The definition in its normal form, which names the action itself. Compiling its schemas is work: off the
/// loop.
Result<Json> checked_definition(const Json& definition, std::string_view key, std::string_view name) {
    JsonObject whole = definition.get_object();
    whole["key"] = key;
    whole["name"] = name;
    auto action = connector::parse_action(whole);
    if (action) return connector::to_json(*action);
    std::string field = action.error().field;
    if (field != "key" && field != "name") field = field.empty() ? "definition" : "definition." + field;
    return fail(std::move(action).error().with_field(std::move(field)));
}

/// The expressions of an action, with fields as of its version.
std::vector<templates::Script> scripts_of(const rows::Action& action) {
    auto parsed = connector::parse_action(action.definition);
    if (!parsed) return {};  // was refused when it was saved
    std::vector<templates::Script> out = connector::scripts(*parsed);
    for (templates::Script& script : out)
        script.place.field = fmt::format("actions.{}.definition.{}", action.key, script.place.field);
    return out;
}

}  // namespace

rt::Task<Result<scripts::Found>> Catalog::check_actions(Context& context, AppVersionId version) {
    scripts::Found out;
    store::PageRequest request{.limit = limits::kPageSizeMax, .after = std::nullopt};
    do {
        CO_TRY(auto page, co_await rows::list_actions(context.db(), version, request, context.deadline));
        auto check = [&] {
            std::vector<templates::Script> scripts;
            for (const rows::Action& action : page.items)
                std::ranges::move(scripts_of(action), std::back_inserter(scripts));
            return checker_.check(scripts);
        };
        scripts::Found found = co_await rt::on_pool(check, rt::Pool::kTenants);
        std::ranges::move(found.problems, std::back_inserter(out.problems));
        if (!found.warning.empty()) out.warning = std::move(found.warning);
        request.after = page.next;
    } while (request.after && out.problems.empty());
    co_return out;
}

rt::Task<Result<Json>> Catalog::create_action(Context& context, Json input) {
    const auto version = id_in<AppVersionId>(input);
    CO_CHECK_OK(co_await rows::find_version(context.db(), version, context.deadline));
    const std::string key = text_in(input, "key");
    const std::string name = text_in(input, "name");
    auto check = [&] { return checked_definition(*member_in(input, "definition"), key, name); };
    CO_TRY(Json definition, co_await rt::on_pool(check, rt::Pool::kTenants));
    rows::NewAction action{
        .tenant = context.tenant(),
        .id = ActionId::make(env_.clock.now(), env_.rng),
        .app_version_id = version,
        .key = key,
        .name = name,
        .definition = std::move(definition),
    };
    context.object = action.id.uuid();
    CO_TRY(auto made, co_await rows::add_action(context.db(), std::move(action), context.deadline));
    co_return action_json(made);
}

rt::Task<Result<Json>> Catalog::change_action(Context& context, Json input) {
    const auto id = id_in<ActionId>(input);
    context.object = id.uuid();
    CO_TRY(auto action, co_await rows::find_action(context.db(), id, context.deadline));
    const std::string name = text_in(input, "name", action.name);
    const Json* given = member_in(input, "definition");
    auto check = [&] {
        return checked_definition(given != nullptr ? *given : action.definition, action.key, name);
    };
    CO_TRY(Json definition, co_await rt::on_pool(check, rt::Pool::kTenants));
    rows::ActionChange change{.id = id, .name = name, .definition = std::move(definition)};
    CO_TRY(auto changed, co_await rows::change_action(context.db(), std::move(change), context.deadline));
    co_return action_json(changed);
}

void Catalog::add_actions(Table& table) {
    const Access read = may(Permission::kAppRead);
    const Access edit = may(Permission::kAppEdit);
    table.define("action", kAction);
    table.add(lists(
        {"actions.list", "/app-versions/{id}/actions", "Actions of a version, newest first", read, "action"},
        list_below(rows::find_version, rows::list_actions, action_json)
    ));
    table.add(creates(
        {"actions.create",
         "/app-versions/{id}/actions",
         "Add an action to a draft",
         edit,
         "action",
         kNewAction},
        bind(this, &Catalog::create_action)
    ));
    table.add(shows(
        {"actions.get", "/actions/{id}", "One action", read, "action"}, by_id(rows::find_action, action_json)
    ));
    table.add(changes(
        {"actions.change", "/actions/{id}", "Change an action of a draft", edit, "action", kActionChange},
        bind(this, &Catalog::change_action)
    ));
    table.add(deletes(
        {"actions.delete", "/actions/{id}", "Remove an action from a draft", edit, "action"},
        drop_by_id(rows::drop_action)
    ));
}

void Catalog::add_operations(Table& table) {
    add_apps(table);
    add_versions(table);
    add_actions(table);
}

}  // namespace weft::control
