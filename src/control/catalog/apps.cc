#include "control/catalog/catalog.h"
#include "core/connector/connector.h"
#include "store/catalog/catalog.h"

namespace weft::control {

namespace rows = store::catalog;

namespace {

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
        {"status", version.status},
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

rt::Task<Result<Json>> Catalog::list_apps(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto apps, co_await rows::list_apps(context.db(), page, context.deadline));
    co_return page_json(apps, app_json);
}

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

rt::Task<Result<Json>> Catalog::get_app(Context& context, Json input) {
    CO_TRY(auto app, co_await rows::find_app(context.db(), id_in<AppId>(input), context.deadline));
    co_return app_json(app);
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

rt::Task<Result<Json>> Catalog::delete_app(Context& context, Json input) {
    const auto id = id_in<AppId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::drop_app(context.db(), id, context.deadline));
    co_return Json(nullptr);
}

rt::Task<Result<Json>> Catalog::list_versions(Context& context, Json input) {
    const auto app = id_in<AppId>(input);
    CO_TRY(auto page, page_in(input));
    CO_CHECK_OK(co_await rows::find_app(context.db(), app, context.deadline));
    CO_TRY(auto versions, co_await rows::list_versions(context.db(), app, page, context.deadline));
    co_return page_json(versions, version_json);
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

rt::Task<Result<Json>> Catalog::get_version(Context& context, Json input) {
    CO_TRY(
        auto version, co_await rows::find_version(context.db(), id_in<AppVersionId>(input), context.deadline)
    );
    co_return version_json(version);
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
    CO_TRY(auto version, co_await rows::publish_version(context.db(), id, context.deadline));
    co_return version_json(version);
}

rt::Task<Result<Json>> Catalog::deprecate_version(Context& context, Json input) {
    const auto id = id_in<AppVersionId>(input);
    context.object = id.uuid();
    CO_TRY(auto version, co_await rows::deprecate_version(context.db(), id, context.deadline));
    co_return version_json(version);
}

}  // namespace weft::control
