#include "store/usage/usage.h"

#include "platform/pg/row.h"
#include "store/usage/queries.h"

namespace weft::store::usage {

namespace {

constexpr auto kUsed = pg::columns(
    pg::column<&runs::Used::steps>("steps"),
    pg::column<&runs::Used::cpu_us>("cpu_us"),
    pg::column<&runs::Used::memory_byte_seconds>("memory_byte_seconds"),
    pg::column<&runs::Used::bytes_in>("bytes_in"),
    pg::column<&runs::Used::bytes_out>("bytes_out"),
    pg::column<&runs::Used::calls>("calls")
);
constexpr auto kUsage = pg::columns(
                            pg::column<&Usage::day>("day"),
                            pg::column<&Usage::workflow>("workflow_id"),
                            pg::column<&Usage::workflow_key>("workflow_key"),
                            pg::column<&Usage::workflow_name>("workflow_name"),
                            pg::column<&Usage::runs>("runs")
                        ) +
                        pg::nested<Usage, &Usage::used, kUsed>();

}  // namespace

rt::Task<Result<std::vector<Usage>>> list(Db db, Filter filter, rt::Deadline by) {
    auto params = pg::params(
        filter.from,
        filter.to,
        filter.workflow,
        filter.is_by_day,
        filter.is_by_workflow,
        filter.after_day,
        filter.after_workflow,
        filter.limit
    );
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return pg::all(rows, kUsage);
}

}  // namespace weft::store::usage
