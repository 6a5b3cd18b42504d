#include "store/runs/answered.h"

#include "platform/pg/row.h"
#include "store/runs/queries.h"

namespace weft::store::runs {

rt::Task<Result<std::vector<RunId>>> answered(
    pg::Pool& pool, std::map<TenantId, std::vector<RunId>> wanted, rt::Deadline by
) {
    pg::Batch batch;
    for (const auto& [tenant, runs] : wanted) {
        batch.as(pg::Principal::tenant(tenant)).add(sql::kAnswered, pg::params(pg::array(runs)));
    }
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    std::vector<RunId> out;
    for (const pg::Rows& rows : answers) {
        CO_TRY(auto found, pg::values<RunId>(rows, "run_id"));
        out.insert(out.end(), found.begin(), found.end());
    }
    co_return out;
}

}  // namespace weft::store::runs
