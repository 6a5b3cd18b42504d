#include "store/vault/connections.h"

#include "base/words.h"
#include "store/vault/detail/words.h"
#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

constexpr std::string_view kMissing = "Connection not found";

constexpr auto kBreaker = pg::columns(
    pg::column<&Breaker::failures>("breaker_failures"),
    pg::column<&Breaker::within>("breaker_within_ms"),
    pg::column<&Breaker::open>("breaker_open_ms")
);
constexpr auto kConnection = pg::nested<Connection, &Connection::breaker, kBreaker>() +
                             pg::columns(
                                 pg::column<&Connection::id>("id"),
                                 pg::column<&Connection::app_id>("app_id"),
                                 pg::column<&Connection::key>("key"),
                                 pg::column<&Connection::name>("name"),
                                 pg::column<&Connection::auth_kind>("auth_kind"),
                                 pg::column<&Connection::revision>("revision"),
                                 pg::column<&Connection::state>("state"),
                                 pg::column<&Connection::last_used_at>("last_used_at"),
                                 pg::column<&Connection::last_error_status>("last_error_status"),
                                 pg::column<&Connection::last_error_at>("last_error_at"),
                                 pg::column<&Connection::circuit>("circuit"),
                                 pg::column<&Connection::circuit_until>("circuit_until"),
                                 pg::column<&Connection::circuit_opened_at>("circuit_opened_at"),
                                 pg::column<&Connection::circuit_reason>("circuit_reason"),
                                 pg::column<&Connection::created_at>("created_at"),
                                 pg::column<&Connection::updated_at>("updated_at")
                             );

}  // namespace

std::string_view name(State state) {
    return word_of(kStates, state);
}
std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

std::string_view name(Circuit circuit) {
    return word_of(kCircuits, circuit);
}
std::optional<Circuit> circuit_from(std::string_view text) {
    return find_word<Circuit>(kCircuits, text);
}

rt::Task<Result<Page<Connection>>> list_connections(Db db, PageRequest page, rt::Deadline by) {
    auto params = pg::params(page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListConnections, std::move(params), by));
    co_return page_of(rows, kConnection, page);
}

rt::Task<Result<Connection>> find_connection(Db db, ConnectionId id, rt::Deadline by) {
    auto params = pg::params(id);
    auto rows = co_await db.query(sql::kFindConnection, std::move(params), by);
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<Connection>> find_connection_by_key(Db db, std::string key, rt::Deadline by) {
    auto params = pg::params(key);
    auto rows = co_await db.query(sql::kFindConnectionByKey, std::move(params), by);
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<Connection>> add_connection(Db db, NewConnection connection, rt::Deadline by) {
    auto params = pg::params(
        connection.tenant,
        connection.id,
        connection.app_id,
        connection.key,
        connection.name,
        connection.auth_kind,
        pg::Bytes{connection.sealed},
        connection.key_id
    );
    auto rows = co_await db.query(sql::kAddConnection, std::move(params), by);
    if (!rows && violates(rows.error(), "connection_tenant_id_key_key")) {
        co_return fail(Error::conflict("A connection with this key exists already").with_field("key"));
    }
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<Connection>> change_connection(Db db, ConnectionChange change, rt::Deadline by) {
    auto params = pg::params(change.id, change.name, change.failures, change.within_ms, change.open_ms);
    auto rows = co_await db.query(sql::kChangeConnection, std::move(params), by);
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<Connection>> close_circuit(Db db, ConnectionId id, rt::Deadline by) {
    auto params = pg::params(id);
    auto rows = co_await db.query(sql::kCloseCircuit, std::move(params), by);
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<Connection>> replace_secret(Db db, NewSecret secret, rt::Deadline by) {
    auto params = pg::params(
        secret.id, secret.expected_revision, secret.auth_kind, pg::Bytes{secret.sealed}, secret.key_id
    );
    auto rows = co_await db.query(sql::kReplaceSecret, std::move(params), by);
    if (rows && rows->empty()) {
        co_return fail(Error::conflict("The connection was changed by somebody else meanwhile; try again"));
    }
    co_return one(rows, kConnection, kMissing);
}

rt::Task<Result<void>> drop_connection(Db db, ConnectionId id, rt::Deadline by) {
    auto params = pg::params(id);
    CO_TRY(auto rows, co_await db.query(sql::kDropConnection, std::move(params), by));
    co_return expect_row(rows, std::string(kMissing));
}

}  // namespace weft::store::vault
