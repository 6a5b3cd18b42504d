#include "store/vault/connections.h"

#include "base/words.h"
#include "store/vault/queries.h"

namespace weft::pg {

template <>
struct Reader<store::vault::State> : WordReader<store::vault::State, store::vault::state_from> {};

}  // namespace weft::pg

namespace weft::store::vault {

namespace {

constexpr std::string_view kMissing = "Connection not found";

constexpr auto kConnection = pg::columns(
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

rt::Task<Result<Connection>> rename_connection(Db db, ConnectionId id, std::string name, rt::Deadline by) {
    auto params = pg::params(id, name);
    auto rows = co_await db.query(sql::kRenameConnection, std::move(params), by);
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
