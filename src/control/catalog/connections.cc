#include "store/vault/connections.h"

#include "control/catalog/catalog.h"
#include "core/connector/connector.h"
#include "store/catalog/catalog.h"
#include "store/vault/seal.h"

namespace weft::control {

namespace vault = store::vault;
using http::Method;
using tenancy::Permission;

namespace {

Json connection_json(const vault::Connection& connection) {
    return JsonObject{
        {"id", connection.id.text()},
        {"key", connection.key},
        {"name", connection.name},
        {"app_id", connection.app_id.text()},
        {"auth_kind", connection.auth_kind},
        {"status", connection.status},
        {"revision", connection.revision},
        {"last_used_at", time_json(connection.last_used_at)},
        {"created_at", time_json(connection.created_at)},
        {"updated_at", time_json(connection.updated_at)},
    };
}

void notify(Context& context, ConnectionId id) {
    context.notify_after_commit.push_back(store::notices::ConnectionChanged{id});
}

struct Sealed {
    std::string auth_kind;
    std::string bytes;
    Uuid key_id;
};

/// Checks the fields against the app's newest version and seals them to the tenant's public key.
rt::Task<Result<Sealed>> seal(Context& context, AppId app, vault::ConnectionRef ref, Json fields) {
    auto version = co_await store::catalog::newest_version(context.db(), app, context.deadline);
    if (!version && version.error().code == Code::kNotFound) {
        co_return fail(Error::invalid("The app has no version yet, so its fields are not known", "app_id"));
    }
    if (!version) co_return fail(std::move(version).error());
    CO_TRY(auto manifest, connector::parse_app(version->manifest));
    CO_TRY(auto parsed, connector::parse_connection_fields(manifest.auth, fields));
    CO_TRY(auto key, co_await vault::find_public_key(context.db(), context.deadline));
    CO_TRY(std::string bytes, vault::seal_fields(key, ref, parsed));
    co_return Sealed{
        .auth_kind = std::string(connector::name(manifest.auth.kind)),
        .bytes = std::move(bytes),
        .key_id = key.id,
    };
}

}  // namespace

rt::Task<Result<Json>> Connections::list(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto found, co_await vault::list_connections(context.db(), page, context.deadline));
    co_return page_json(found, connection_json);
}

rt::Task<Result<Json>> Connections::create(Context& context, Json input) {
    const auto app = id_in<AppId>(input, "app_id");
    CO_CHECK_OK(co_await store::catalog::find_app(context.db(), app, context.deadline));
    const auto id = ConnectionId::make(env_.clock.now(), env_.rng);
    const vault::ConnectionRef ref{.tenant = context.tenant(), .id = id, .revision = 1};
    CO_TRY(Sealed sealed, co_await seal(context, app, ref, *member_in(input, "fields")));
    vault::NewConnection connection{
        .tenant = context.tenant(),
        .id = id,
        .app_id = app,
        .key = text_in(input, "key"),
        .name = text_in(input, "name"),
        .auth_kind = std::move(sealed.auth_kind),
        .sealed = std::move(sealed.bytes),
        .key_id = sealed.key_id,
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await vault::add_connection(context.db(), std::move(connection), context.deadline));
    notify(context, id);
    co_return connection_json(made);
}

rt::Task<Result<Json>> Connections::get(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    CO_TRY(auto found, co_await vault::find_connection(context.db(), id, context.deadline));
    co_return connection_json(found);
}

rt::Task<Result<Json>> Connections::rename(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    context.object = id.uuid();
    CO_TRY(
        auto found,
        co_await vault::rename_connection(context.db(), id, text_in(input, "name"), context.deadline)
    );
    co_return connection_json(found);
}

rt::Task<Result<Json>> Connections::replace_secret(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    context.object = id.uuid();
    CO_TRY(auto found, co_await vault::find_connection(context.db(), id, context.deadline));
    const vault::ConnectionRef ref{.tenant = context.tenant(), .id = id, .revision = found.revision + 1};
    CO_TRY(Sealed sealed, co_await seal(context, found.app_id, ref, *member_in(input, "fields")));
    vault::NewSecret secret{
        .id = id,
        .expected_revision = found.revision,
        .auth_kind = std::move(sealed.auth_kind),
        .sealed = std::move(sealed.bytes),
        .key_id = sealed.key_id,
    };
    CO_TRY(auto changed, co_await vault::replace_secret(context.db(), std::move(secret), context.deadline));
    notify(context, id);
    co_return connection_json(changed);
}

rt::Task<Result<Json>> Connections::remove(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await vault::drop_connection(context.db(), id, context.deadline));
    notify(context, id);
    co_return Json(nullptr);
}

void Connections::add_operations(Table& table) {
    table.add({
        .name = "connections.list",
        .method = Method::kGet,
        .path = "/connections",
        .summary = "Connections, without their fields",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::with(Permission::kConnectionRead),
        .handler = [this](Context& context, Json input) { return list(context, std::move(input)); },
    });
    table.add({
        .name = "connections.create",
        .method = Method::kPost,
        .path = "/connections",
        .summary = "Store a credential; its fields are sealed and never shown",
        .input = R"({
            "required": ["key", "name", "app_id", "fields"],
            "properties": {
                "key": {"$ref": "#/definitions/key"},
                "name": {"$ref": "#/definitions/name"},
                "app_id": {"$ref": "#/definitions/id"},
                "fields": {"type": "object"}
            }})",
        .access = Access::with(Permission::kConnectionEdit),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .status = 201,
        .audit_action = "connection.create",
        .audit_object = "connection",
        .handler = [this](Context& context, Json input) { return create(context, std::move(input)); },
    });
    table.add({
        .name = "connections.get",
        .method = Method::kGet,
        .path = "/connections/{id}",
        .summary = "One connection, without its fields",
        .access = Access::with(Permission::kConnectionRead),
        .handler = [this](Context& context, Json input) { return get(context, std::move(input)); },
    });
    add_changes(table);
}

void Connections::add_changes(Table& table) {
    table.add({
        .name = "connections.rename",
        .method = Method::kPatch,
        .path = "/connections/{id}",
        .summary = "Change a connection's name",
        .input = R"({"required": ["name"], "properties": {"name": {"$ref": "#/definitions/name"}}})",
        .access = Access::with(Permission::kConnectionEdit),
        .mode = Mode::kWrite,
        .audit_action = "connection.rename",
        .audit_object = "connection",
        .handler = [this](Context& context, Json input) { return rename(context, std::move(input)); },
    });
    table.add({
        .name = "connections.replace_secret",
        .method = Method::kPut,
        .path = "/connections/{id}/secret",
        .summary = "Replace a connection's fields",
        .input = R"({"required": ["fields"], "properties": {"fields": {"type": "object"}}})",
        .access = Access::with(Permission::kConnectionEdit),
        .mode = Mode::kWrite,
        .audit_action = "connection.replace_secret",
        .audit_object = "connection",
        .handler = [this](Context& context, Json input) { return replace_secret(context, std::move(input)); },
    });
    table.add({
        .name = "connections.delete",
        .method = Method::kDelete,
        .path = "/connections/{id}",
        .summary = "Delete a connection; workflows that name it fail from then on",
        .access = Access::with(Permission::kConnectionEdit),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "connection.delete",
        .audit_object = "connection",
        .handler = [this](Context& context, Json input) { return remove(context, std::move(input)); },
    });
}

}  // namespace weft::control
