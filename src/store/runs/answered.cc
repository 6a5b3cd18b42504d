#include "store/runs/answered.h"

#include "store/runs/queries.h"

namespace weft::store::runs {

rt::Task<Result<std::vector<RunId>>> answered(
    pg::Pool& pool, std::map<TenantId, std::vector<RunId>> wanted, rt::Deadline by
) {
    pg::Batch batch;
    for (const auto& [tenant, runs] : wanted) {
        pg::ArrayParam ids;
        for (RunId run : runs) ids.add(run);
        pg::Params params;
        params.add(ids.text());
        batch.as(pg::Principal::tenant(tenant)).add(sql::kAnswered, std::move(params));
    }
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    std::vector<RunId> out;
    for (const pg::Rows& rows : answers) {
        for (int row = 0; row < rows.size(); ++row) out.push_back(rows.id<RunId>(row, 0));
    }
    co_return out;
}

}  // namespace weft::store::runs
