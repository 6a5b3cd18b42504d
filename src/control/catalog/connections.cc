#include "store/vault/connections.h"

#include "control/api/family.h"
#include "control/catalog/catalog.h"
#include "core/connector/connector.h"
#include "store/catalog/catalog.h"
#include "store/vault/seal.h"

namespace weft::control {

namespace vault = store::vault;
using tenancy::Permission;

namespace {

constexpr std::string_view kConnection = R"(
    id id
    key text = main-shop
    name text = Main shop
    app_id id
    auth_kind none|api_key|basic|bearer|headers = bearer
    state untested|ok|failing = ok
    revision int = 1
    last_used_at time?
    last_error_status int? = null
    last_error_at time? = null
    breaker_failures int = 10
    breaker_within_ms int = 60000
    breaker_open_ms int = 30000
    circuit closed|open|half_open = closed
    circuit_until time? = null
    circuit_opened_at time? = null
    circuit_reason text? = null
    created_at time
    updated_at time)";

constexpr std::string_view kNewConnection = R"({
    "required": ["key", "name", "app_id", "fields"],
    "properties": {
        "key": {"$ref": "#/definitions/key"},
        "name": {"$ref": "#/definitions/name"},
        "app_id": {"$ref": "#/definitions/id"},
        "fields": {"type": "object", "examples": [{"token": "the-secret-of-the-other-system"}]}
    }})";

constexpr std::string_view kNewSettings = R"({
    "properties": {
        "name": {"$ref": "#/definitions/name"},
        "breaker_failures": {"type": "integer", "minimum": 0, "maximum": 1000, "description":
            "So many failed calls within breaker_within_ms, half of all at least, open it; 0: never"},
        "breaker_within_ms": {"type": "integer", "minimum": 1000, "maximum": 3600000},
        "breaker_open_ms": {"type": "integer", "minimum": 1000, "maximum": 3600000, "description":
            "How long no call goes out before one tries"}
    }})";

constexpr std::string_view kNewFields = R"({"required": ["fields"], "properties": {
    "fields": {"type": "object", "examples": [{"token": "the-new-secret"}]}}})";

Json connection_json(const vault::Connection& connection) {
    return JsonObject{
        {"id", connection.id.text()},
        {"key", connection.key},
        {"name", connection.name},
        {"app_id", connection.app_id.text()},
        {"auth_kind", connection.auth_kind},
        {"state", name(connection.state)},
        {"revision", connection.revision},
        {"last_used_at", time_json(connection.last_used_at)},
        {"last_error_status",
         connection.last_error_status ? Json(*connection.last_error_status) : Json(nullptr)},
        {"last_error_at", time_json(connection.last_error_at)},
        {"breaker_failures", connection.breaker.failures},
        {"breaker_within_ms", connection.breaker.within.count()},
        {"breaker_open_ms", connection.breaker.open.count()},
        {"circuit", name(connection.circuit)},
        {"circuit_until", time_json(connection.circuit_until)},
        {"circuit_opened_at", time_json(connection.circuit_opened_at)},
        {"circuit_reason", connection.circuit_reason ? Json(*connection.circuit_reason) : Json(nullptr)},
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

rt::Task<Result<Json>> Connections::change(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    context.object = id.uuid();
    vault::ConnectionChange change{
        .id = id,
        .name = maybe_text_in(input, "name"),
        .failures = maybe_int_in(input, "breaker_failures"),
        .within_ms = maybe_int_in(input, "breaker_within_ms"),
        .open_ms = maybe_int_in(input, "breaker_open_ms"),
    };
    CO_TRY(auto found, co_await vault::change_connection(context.db(), std::move(change), context.deadline));
    notify(context, id);
    co_return connection_json(found);
}

rt::Task<Result<Json>> Connections::close_circuit(Context& context, Json input) {
    const auto id = id_in<ConnectionId>(input);
    context.object = id.uuid();
    CO_TRY(auto found, co_await vault::close_circuit(context.db(), id, context.deadline));
    notify(context, id);
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
    const Access read = may(Permission::kConnectionRead);
    const Access edit = may(Permission::kConnectionEdit);
    const std::string_view answer = "connection";
    table.define(answer, kConnection);
    table.add(lists(
        {"connections.list", "/connections", "Connections, without their fields", read, answer},
        list_all(vault::list_connections, connection_json)
    ));
    table.add(creates(
        {"connections.create",
         "/connections",
         "Store a credential; its fields are sealed and never shown",
         edit,
         answer,
         kNewConnection},
        bind(this, &Connections::create)
    ));
    table.add(shows(
        {"connections.get", "/connections/{id}", "One connection, without its fields", read, answer},
        by_id(vault::find_connection, connection_json)
    ));
    table.add(changes(
        {"connections.change",
         "/connections/{id}",
         "Change a connection's name, or when its circuit opens",
         edit,
         answer,
         kNewSettings},
        bind(this, &Connections::change)
    ));
    Operation replace = changes(
        {"connections.replace_secret",
         "/connections/{id}/secret",
         "Replace a connection's fields",
         edit,
         answer,
         kNewFields},
        bind(this, &Connections::replace_secret)
    );
    replace.method = http::Method::kPut;
    table.add(std::move(replace));
    table.add(commands(
        {"connections.close_circuit",
         "/connections/{id}/close-circuit",
         "Let calls through the connection go out again",
         edit,
         answer},
        bind(this, &Connections::close_circuit)
    ));
    table.add(deletes(
        {"connections.delete",
         "/connections/{id}",
         "Delete a connection; workflows that name it fail from then on",
         edit,
         answer},
        bind(this, &Connections::remove)
    ));
}

}  // namespace weft::control
