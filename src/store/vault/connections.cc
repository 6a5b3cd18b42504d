#include "store/vault/connections.h"

#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

Connection read(const pg::Rows& rows, int row) {
    Connection out{
        .id = rows.id<ConnectionId>(row, 0),
        .app_id = rows.id<AppId>(row, 1),
        .key = std::string(rows.text(row, 2)),
        .name = std::string(rows.text(row, 3)),
        .auth_kind = std::string(rows.text(row, 4)),
        .revision = static_cast<int>(rows.integer(row, 5)),
        .state = std::string(rows.text(row, 6)),
        .last_used_at = rows.maybe_instant(row, 7),
        .last_error_status = std::nullopt,
        .last_error_at = rows.maybe_instant(row, 9),
        .created_at = rows.instant(row, 10),
        .updated_at = rows.instant(row, 11),
    };
    if (!rows.is_null(row, 8)) out.last_error_status = static_cast<int>(rows.integer(row, 8));
    return out;
}

Result<Connection> one(const Result<pg::Rows>& rows) {
    if (!rows) return fail(rows.error());
    CHECK_OK(expect_row(*rows, "Connection not found"));
    return read(*rows, 0);
}

}  // namespace

rt::Task<Result<Page<Connection>>> list_connections(Db db, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListConnections, std::move(params), by));
    std::vector<Connection> items;
    for (int row = 0; row < rows.size(); ++row) items.push_back(read(rows, row));
    co_return cut_page(std::move(items), page, [](const Connection& item) { return item.id.uuid(); });
}

rt::Task<Result<Connection>> find_connection(Db db, ConnectionId id, rt::Deadline by) {
    pg::Params params;
    params.add(id);
    auto rows = co_await db.query(sql::kFindConnection, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<Connection>> find_connection_by_key(Db db, std::string key, rt::Deadline by) {
    pg::Params params;
    params.add(key);
    auto rows = co_await db.query(sql::kFindConnectionByKey, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<Connection>> add_connection(Db db, NewConnection connection, rt::Deadline by) {
    pg::Params params;
    params.add(connection.tenant).add(connection.id).add(connection.app_id).add(connection.key);
    params.add(connection.name).add(connection.auth_kind).add_bytes(connection.sealed).add(connection.key_id);
    auto rows = co_await db.query(sql::kAddConnection, std::move(params), by);
    if (!rows && violates(rows.error(), "connection_tenant_id_key_key")) {
        co_return fail(Error::conflict("A connection with this key exists already").with_field("key"));
    }
    co_return one(rows);
}

rt::Task<Result<Connection>> rename_connection(Db db, ConnectionId id, std::string name, rt::Deadline by) {
    pg::Params params;
    params.add(id).add(name);
    auto rows = co_await db.query(sql::kRenameConnection, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<Connection>> replace_secret(Db db, NewSecret secret, rt::Deadline by) {
    pg::Params params;
    params.add(secret.id).add(secret.expected_revision).add(secret.auth_kind);
    params.add_bytes(secret.sealed).add(secret.key_id);
    auto rows = co_await db.query(sql::kReplaceSecret, std::move(params), by);
    if (rows && rows->empty()) {
        co_return fail(Error::conflict("The connection was changed by somebody else meanwhile; try again"));
    }
    co_return one(rows);
}

rt::Task<Result<void>> drop_connection(Db db, ConnectionId id, rt::Deadline by) {
    pg::Params params;
    params.add(id);
    CO_TRY(auto rows, co_await db.query(sql::kDropConnection, std::move(params), by));
    co_return expect_row(rows, "Connection not found");
}

}  // namespace weft::store::vault
