#include "store/triggers/history.h"

#include "store/triggers/queries.h"

namespace weft::store::triggers {

namespace {

constexpr auto kHappening = pg::columns(
    pg::column<&Happening::id>("id"),
    pg::column<&Happening::at>("at"),
    pg::column<&Happening::run_id>("run_id"),
    pg::column<&Happening::run_state>("state"),
    pg::column<&Happening::reason>("reason"),
    pg::column<&Happening::events>("events"),
    pg::column<&Happening::detail>("detail")
);
constexpr auto kHealth = pg::columns(
    pg::column<&Health::health>("health"),
    pg::column<&Health::event_at>("event_at"),
    pg::column<&Health::last_run_id>("last_run_id"),
    pg::column<&Health::missed_at>("missed_at"),
    pg::column<&Health::missed_reason>("missed_reason"),
    pg::column<&Health::missed_detail>("missed_detail"),
    pg::column<&Health::runs>("runs"),
    pg::column<&Health::missed>("missed")
);

}  // namespace

rt::Task<Result<Page<Happening>>> list_history(Db db, TriggerId id, PageRequest page, rt::Deadline by) {
    auto params = pg::params(id, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kListHistory, std::move(params), by));
    co_return page_of(rows, kHappening, page);
}

rt::Task<Result<Health>> find_health(Db db, TriggerId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kCountDay, pg::params(id, kDayRunsMax), by);
    co_return one(rows, kHealth, "Trigger not found");
}

rt::Task<Result<std::map<TriggerId, Standing>>> find_healths(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
) {
    struct Found {
        TriggerId trigger;
        std::string health;
        std::string setup;
    };
    constexpr auto kFound = pg::columns(
        pg::column<&Found::trigger>("trigger_id"),
        pg::column<&Found::health>("health"),
        pg::column<&Found::setup>("setup")
    );
    std::map<TriggerId, Standing> out;
    if (ids.empty()) co_return out;
    CO_TRY(auto rows, co_await db.query(sql::kFindHealth, pg::params(pg::array(ids)), by));
    CO_CHECK_OK(pg::each(rows, kFound, [&](Found row) {
        out.emplace(row.trigger, Standing{std::move(row.health), std::move(row.setup)});
    }));
    co_return out;
}

rt::Task<Result<void>> note_miss(pg::Transaction& transaction, Miss miss, rt::Deadline by) {
    auto params = pg::params(miss.tenant, miss.trigger, miss.reason, miss.events, miss.detail);
    CO_CHECK_OK(co_await transaction.query(sql::kNoteMiss, std::move(params), by));
    co_return Result<void>();
}

}  // namespace weft::store::triggers
