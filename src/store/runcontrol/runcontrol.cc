#include "store/runcontrol/runcontrol.h"

#include "store/runcontrol/queries.h"

namespace weft::store::runcontrol {

rt::Task<Result<void>> request_cancel(
    Db db, TenantId tenant, RunId run, CancelRequest request, rt::Deadline by
) {
    pg::Params find;
    find.add(run);
    CO_TRY(auto found, co_await db.query(sql::kFindState, std::move(find), by));
    CO_CHECK_OK(expect_row(found, "Run not found"));
    pg::Params mark;
    mark.add(run).add(request.reason).add(request.by).add(request.by_name);
    CO_TRY(auto marked, co_await db.query(sql::kMarkCanceled, std::move(mark), by));
    if (marked.empty()) {
        co_return fail(Error::conflict("The run has ended as " + std::string(found.text(0, 0))));
    }
    if (!marked.boolean(0, 0)) co_return Result<void>();
    JsonObject detail{{"by", request.by_name}};
    if (request.reason) detail["reason"] = *request.reason;
    pg::Params note;
    note.add(tenant).add(run).add(to_text(detail));
    CO_CHECK_OK(co_await db.query(sql::kNoteCancel, std::move(note), by));
    CO_CHECK_OK(co_await db.query(sql::kWakeTenant, pg::Params(), by));
    co_return Result<void>();
}

}  // namespace weft::store::runcontrol
