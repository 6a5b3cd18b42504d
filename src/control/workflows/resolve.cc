#include "control/workflows/workflows.h"
#include "store/catalog/catalog.h"
#include "store/vault/connections.h"

namespace weft::control {

namespace {

rt::Task<Result<void>> load_action(
    store::Db db, workflow::Uses uses, workflow::Catalog& catalog, rt::Deadline by
) {
    auto found = co_await store::catalog::resolve_action(db, uses.app, uses.action, uses.major, by);
    if (!found && found.error().code == Code::kNotFound) co_return Result<void>();
    if (!found) co_return fail(std::move(found).error());
    catalog.actions[uses] = workflow::CatalogAction{
        .app_version_id = found->version_id,
        .action_id = found->action_id,
        .version = std::to_string(found->major) + "." + std::to_string(found->minor) + ".0",
        .manifest = std::move(found->manifest),
        .definition = std::move(found->definition),
    };
    co_return Result<void>();
}

rt::Task<Result<void>> load_connection(
    store::Db db, std::string key, workflow::Catalog& catalog, rt::Deadline by
) {
    auto found = co_await store::vault::find_connection_by_key(db, key, by);
    if (!found && found.error().code == Code::kNotFound) co_return Result<void>();
    if (!found) co_return fail(std::move(found).error());
    CO_TRY(auto app, co_await store::catalog::find_app(db, found->app_id, by));
    CO_TRY(auto version, co_await store::catalog::newest_version(db, found->app_id, by));
    catalog.connections[key] = workflow::CatalogConnection{
        .id = found->id,
        .app = std::move(app.key),
        .manifest = std::move(version.manifest),
    };
    co_return Result<void>();
}

}  // namespace

rt::Task<Result<workflow::Catalog>> load_catalog(store::Db db, workflow::Wanted wanted, rt::Deadline by) {
    workflow::Catalog catalog;
    if (!wanted.workflows.empty()) {
        CO_TRY(catalog.workflows, co_await store::workflows::find_published(db, wanted.workflows, by));
    }
    for (const workflow::Uses& uses : wanted.actions) {
        CO_CHECK_OK(co_await load_action(db, uses, catalog, by));
    }
    for (const std::string& key : wanted.connections) {
        CO_CHECK_OK(co_await load_connection(db, key, catalog, by));
    }
    co_return catalog;
}

}  // namespace weft::control
