#include "store/audit/audit.h"

#include "store/audit/queries.h"

namespace weft::store::audit {

namespace {

pg::Params params_of(TenantId tenant, const Event& event) {
    return pg::params(
        tenant,
        event.actor_kind,
        event.actor_id,
        event.action,
        event.object_kind,
        event.object_id,
        to_text(event.detail),
        event.request_id,
        event.ip.empty() ? std::nullopt : std::optional(event.ip)
    );
}

}  // namespace

rt::Task<Result<void>> append(Db db, TenantId tenant, Event event, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kAppend, params_of(tenant, event), by));
    co_return Result<void>();
}

void append(pg::Batch& batch, TenantId tenant, const Event& event) {
    batch.add(sql::kAppend, params_of(tenant, event));
}

}  // namespace weft::store::audit
