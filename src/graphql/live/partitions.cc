#include "graphql/live/detail/partitions.h"

#include "graphql/catalog/catalog.h"
#include "graphql/live/detail/wal_connection.h"
#include "platform/rt/clock.h"

#include <utility>

namespace weft::graphql::detail {

namespace {

constexpr auto kTimeout = std::chrono::seconds(10);
constexpr Steady::duration kEvery = std::chrono::seconds(1);

/// Schema and name of those among `tables` that have partitions, and a digest of their leaves: TRUNCATE gives
/// a leaf another file.
std::string leaves_text(const std::vector<QualifiedName>& tables) {
    std::string wanted;
    for (const QualifiedName& each : tables) {
        wanted += wanted.empty() ? "(" : ", (";
        wanted += quote_literal(each.schema) + ", " + quote_literal(each.name) + ")";
    }
    return "select n.nspname, c.relname, (select coalesce(md5(string_agg(t.relid::oid::text || ':' || "
           "pg_catalog.pg_relation_filenode(t.relid), ',' order by t.relid::oid)), '') "
           "from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf) "
           "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
           "where c.relkind = 'p' and (n.nspname, c.relname) in (" +
           wanted + ")";
}

}  // namespace

PartitionWatch::PartitionWatch(rt::Loop& loop, std::string url, std::function<void(const Change&)> on_change)
    : loop_(loop), url_(std::move(url)), on_change_(std::move(on_change)), followed_(loop), scope_(loop) {}

void PartitionWatch::follow(std::vector<QualifiedName> tables) {
    tables_ = std::move(tables);
    has_other_tables_ = true;
    followed_.notify_all();
}

/// The first sight of a table counts as a change too: what happened before it was not seen.
void PartitionWatch::note(QualifiedName table, std::string leaves) {
    std::string& known = leaves_[table];
    if (std::exchange(known, leaves) != leaves) on_change_(Change{.table = std::move(table), .values = {}});
}

/// Until the connection fails, or no table that is followed has partitions.
rt::Task<Result<void>> PartitionWatch::look_on_one_connection() {
    CO_TRY(auto connection, co_await WalConnection::open(loop_, url_, scope_.deadline(kTimeout)));
    while (!scope_.is_cancelled()) {
        has_other_tables_ = false;
        if (tables_.empty()) co_return Result<void>{};
        CO_TRY(auto found, co_await connection->run(leaves_text(tables_), scope_.deadline(kTimeout)));
        if (found.empty() && !has_other_tables_) co_return Result<void>{};
        for (auto& row : found) note({.schema = row[0], .name = row[1]}, std::move(row[2]));
        if (!has_other_tables_) (void)co_await followed_.wait(scope_.deadline(kEvery));
    }
    co_return Result<void>{};
}

rt::Task<void> PartitionWatch::run() {
    while (!scope_.is_cancelled()) {
        const auto looked = co_await look_on_one_connection();
        if (has_other_tables_ || scope_.is_cancelled()) continue;
        if (looked)
            (void)co_await followed_.wait(scope_.forever());
        else
            (void)co_await followed_.wait(scope_.deadline(kEvery));
    }
}

}  // namespace weft::graphql::detail
