#include "store/runlog/runlog.h"

#include "store/runlog/queries.h"

namespace weft::store::runlog {

rt::Task<Result<std::vector<Line>>> list(
    pg::Pool& pool, TenantId tenant, RunId run, std::int64_t after, int limit, rt::Deadline by
) {
    pg::Params params;
    params.add(run).add(after).add(limit);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kListLines, std::move(params), by));
    std::vector<Line> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({
            .seq = rows.integer(row, 0),
            .at = rows.instant(row, 1),
            .level = std::string(rows.text(row, 2)),
            .step = rows.maybe_text(row, 3),
            .message = std::string(rows.text(row, 4)),
        });
    }
    co_return out;
}

}  // namespace weft::store::runlog
