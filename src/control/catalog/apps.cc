#include "control/api/family.h"
#include "control/catalog/catalog.h"
#include "core/connector/connector.h"
#include "store/catalog/catalog.h"

namespace weft::control {

namespace rows = store::catalog;
using tenancy::Permission;

namespace {

constexpr std::string_view kApp = R"(
    id id
    key text = shop
    name text = Shop
    description text
    created_at time
    updated_at time)";

constexpr std::string_view kVersion = R"(
    id id
    app_id id
    major int = 1
    minor int = 0
    state draft|published|deprecated
    manifest object = {"base_url": "https://api.example.com", "auth": {"kind": "bearer"}}
    created_at time
    published_at time?)";

constexpr std::string_view kNewApp = R"({
    "required": ["key", "name"],
    "properties": {
        "key": {"$ref": "#/definitions/key"},
        "name": {"$ref": "#/definitions/name"},
        "description": {"$ref": "#/definitions/text"}
    }})";

constexpr std::string_view kAppChange = R"({"properties": {
    "name": {"$ref": "#/definitions/name"}, "description": {"$ref": "#/definitions/text"}}})";

constexpr std::string_view kNewVersion = R"({
    "required": ["manifest"],
    "properties": {
        "major": {"type": "integer", "minimum": 1, "maximum": 99999},
        "manifest": {"$ref": "#/definitions/manifest"}
    }})";

constexpr std::string_view kManifest =
    R"({"required": ["manifest"], "properties": {"manifest": {"$ref": "#/definitions/manifest"}}})";

Json app_json(const rows::App& app) {
    return JsonObject{
        {"id", app.id.text()},
        {"key", app.key},
        {"name", app.name},
        {"description", app.description},
        {"created_at", time_json(app.created_at)},
        {"updated_at", time_json(app.updated_at)},
    };
}

Json version_json(const rows::AppVersion& version) {
    return JsonObject{
        {"id", version.id.text()},
        {"app_id", version.app_id.text()},
        {"major", version.major},
        {"minor", version.minor},
        {"state", name(version.state)},
        {"manifest", version.manifest},
        {"created_at", time_json(version.created_at)},
        {"published_at", time_json(version.published_at)},
    };
}

Result<Json> checked_manifest(const Json& input) {
    auto app = connector::parse_app(*member_in(input, "manifest"));
    if (!app) {
        std::string field = app.error().field;
        return fail(std::move(app).error().with_field(field.empty() ? "manifest" : "manifest." + field));
    }
    return connector::to_json(*app);
}

}  // namespace

rt::Task<Result<Json>> Catalog::create_app(Context& context, Json input) {
    CO_CHECK_OK(connector::check_key(text_in(input, "key"), "key"));
    rows::NewApp app{
        .tenant = context.tenant(),
        .id = AppId::make(env_.clock.now(), env_.rng),
        .key = text_in(input, "key"),
        .name = text_in(input, "name"),
        .description = text_in(input, "description"),
    };
    context.object = app.id.uuid();
    CO_TRY(auto made, co_await rows::add_app(context.db(), std::move(app), context.deadline));
    co_return app_json(made);
}

rt::Task<Result<Json>> Catalog::change_app(Context& context, Json input) {
    rows::AppChange change{
        .id = id_in<AppId>(input),
        .name = maybe_text_in(input, "name"),
        .description = maybe_text_in(input, "description"),
    };
    context.object = change.id.uuid();
    CO_TRY(auto app, co_await rows::change_app(context.db(), std::move(change), context.deadline));
    co_return app_json(app);
}

rt::Task<Result<Json>> Catalog::create_version(Context& context, Json input) {
    const auto app = id_in<AppId>(input);
    CO_CHECK_OK(co_await rows::find_app(context.db(), app, context.deadline));
    CO_TRY(Json manifest, checked_manifest(input));
    rows::NewAppVersion version{
        .tenant = context.tenant(),
        .id = AppVersionId::make(env_.clock.now(), env_.rng),
        .app_id = app,
        .major = maybe_int_in(input, "major"),
        .manifest = std::move(manifest),
    };
    context.object = version.id.uuid();
    CO_TRY(auto made, co_await rows::add_version(context.db(), std::move(version), context.deadline));
    co_return version_json(made);
}

rt::Task<Result<Json>> Catalog::change_version(Context& context, Json input) {
    const auto id = id_in<AppVersionId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::find_version(context.db(), id, context.deadline));
    CO_TRY(Json manifest, checked_manifest(input));
    CO_TRY(
        auto version, co_await rows::change_manifest(context.db(), id, std::move(manifest), context.deadline)
    );
    co_return version_json(version);
}

rt::Task<Result<Json>> Catalog::publish_version(Context& context, Json input) {
    const auto id = id_in<AppVersionId>(input);
    context.object = id.uuid();
    // First: it locks the version, so that what is checked is what is published; a problem takes it back.
    CO_TRY(auto published, co_await rows::publish_version(context.db(), id, context.deadline));
    CO_TRY(scripts::Found found, co_await check_actions(context, id));
    if (!found.problems.empty()) {
        context.problem["problems"] = problems_json(found.problems);
        co_return fail(std::move(found.problems.front()));
    }
    if (!found.warning.empty()) context.audit_detail["warning"] = found.warning;
    co_return version_json(published);
}

void Catalog::add_apps(Table& table) {
    const Access read = may(Permission::kAppRead);
    const Access edit = may(Permission::kAppEdit);
    table.define("app", kApp);
    table.add(
        lists({"apps.list", "/apps", "Apps, newest first", read, "app"}, list_all(rows::list_apps, app_json))
    );
    table.add(creates(
        {"apps.create", "/apps", "Add an app", edit, "app", kNewApp}, bind(this, &Catalog::create_app)
    ));
    table.add(shows({"apps.get", "/apps/{id}", "One app", read, "app"}, by_id(rows::find_app, app_json)));
    table.add(changes(
        {"apps.change", "/apps/{id}", "Change an app's name or description", edit, "app", kAppChange},
        bind(this, &Catalog::change_app)
    ));
    table.add(deletes(
        {"apps.delete",
         "/apps/{id}",
         "Delete an app without connections, its versions and actions",
         edit,
         "app"},
        drop_by_id(rows::drop_app)
    ));
}

void Catalog::add_versions(Table& table) {
    const Access read = may(Permission::kAppRead);
    const Access edit = may(Permission::kAppEdit);
    const std::string_view answer = "app_version";
    table.define(answer, kVersion);
    table.add(lists(
        {"app_versions.list", "/apps/{id}/versions", "Versions of an app, newest first", read, answer},
        list_below(rows::find_app, rows::list_versions, version_json)
    ));
    table.add(creates(
        {"app_versions.create",
         "/apps/{id}/versions",
         "Add a draft version; it starts with the actions of the one before",
         edit,
         answer,
         kNewVersion},
        bind(this, &Catalog::create_version)
    ));
    table.add(shows(
        {"app_versions.get", "/app-versions/{id}", "One version", read, answer},
        by_id(rows::find_version, version_json)
    ));
    table.add(changes(
        {"app_versions.change", "/app-versions/{id}", "Replace a draft's manifest", edit, answer, kManifest},
        bind(this, &Catalog::change_version)
    ));
    table.add(commands(
        {"app_versions.publish",
         "/app-versions/{id}/publish",
         "Publish a draft; it never changes again",
         edit,
         answer},
        bind(this, &Catalog::publish_version)
    ));
    table.add(commands(
        {"app_versions.deprecate",
         "/app-versions/{id}/deprecate",
         "No new workflow may use it; published ones go on",
         edit,
         answer},
        by_id(rows::deprecate_version, version_json)
    ));
    table.add(commands(
        {"app_versions.restore", "/app-versions/{id}/restore", "Undo a deprecation", edit, answer},
        by_id(rows::restore_version, version_json)
    ));
}

}  // namespace weft::control
