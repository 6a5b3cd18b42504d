#include "store/triggers/ends.h"

#include "platform/pg/row.h"
#include "store/triggers/queries.h"

namespace weft::pg {

template <>
struct Reader<runstate::RunStatus> : WordReader<runstate::RunStatus, runstate::run_status_from> {};
template <>
struct Reader<runstate::FailureKind> : WordReader<runstate::FailureKind, runstate::failure_kind_from> {};

}  // namespace weft::pg

namespace weft::store::triggers {

namespace {

constexpr auto kEnded = pg::columns(
    pg::column<&Ended::tenant>("tenant_id"),
    pg::column<&Ended::run>("run_id"),
    pg::column<&Ended::workflow_key>("workflow_key"),
    pg::column<&Ended::state>("state"),
    pg::column<&Ended::failure_kind>("failure_kind"),
    pg::column<&Ended::error>("error"),
    pg::column<&Ended::depth>("depth"),
    pg::column<&Ended::trigger>("trigger_id"),
    pg::column<&Ended::trigger_name>("trigger_name"),
    pg::column<&Ended::is_live>("is_live"),
    pg::column<&Ended::is_listening>("is_listening"),
    pg::column<&Ended::flow>("flow"),
    pg::column<&Ended::version>("published_version_id")
);

}  // namespace

rt::Task<Result<ClaimedEnds>> claim_ends(pg::Pool& pool, int limit, rt::Deadline by) {
    CO_TRY(
        pg::Transaction transaction, co_await pool.begin(pg::Principal::system(pg::SystemRole::kIngest), by)
    );
    CO_TRY(auto rows, co_await transaction.query(sql::kClaimEnds, pg::params(limit), by));
    CO_TRY(auto ends, pg::all(rows, kEnded));
    co_return ClaimedEnds{std::move(transaction), std::move(ends)};
}

rt::Task<Result<void>> refuse_end(
    pg::Transaction& transaction, TenantId tenant, TriggerId trigger, RefusalReason reason, rt::Deadline by
) {
    CO_CHECK_OK(co_await transaction.query(sql::kRefuseEnd, pg::params(tenant, trigger, name(reason)), by));
    co_return Result<void>();
}

}  // namespace weft::store::triggers
