#include "store/runcontrol/runcontrol.h"

#include "platform/pg/row.h"
#include "store/runcontrol/queries.h"

namespace weft::store::runcontrol {

rt::Task<Result<void>> request_cancel(
    Db db, TenantId tenant, RunId run, CancelRequest request, rt::Deadline by
) {
    CO_TRY(auto found, co_await db.query(sql::kFindState, pg::params(run), by));
    CO_CHECK_OK(expect_row(found, "Run not found"));
    CO_TRY(const auto state, pg::value<std::string>(found, "state"));
    auto mark = pg::params(run, request.reason, request.by, request.by_name);
    CO_TRY(auto marked, co_await db.query(sql::kMarkCanceled, std::move(mark), by));
    if (marked.empty()) co_return fail(Error::conflict("The run has ended as " + state));
    CO_TRY(const bool is_first, pg::value<bool>(marked, "is_first"));
    if (!is_first) co_return Result<void>();
    JsonObject detail{{"by", request.by_name}};
    if (request.reason) detail["reason"] = *request.reason;
    auto note = pg::params(tenant, run, to_text(detail));
    CO_CHECK_OK(co_await db.query(sql::kNoteCancel, std::move(note), by));
    CO_CHECK_OK(co_await db.query(sql::kWakeTenant, pg::Params(), by));
    co_return Result<void>();
}

rt::Task<Result<bool>> is_live(Db db, RunId run, rt::Deadline by) {
    CO_TRY(auto found, co_await db.query(sql::kIsLive, pg::params(run), by));
    co_return pg::value<bool>(found, "is_live");
}

}  // namespace weft::store::runcontrol
