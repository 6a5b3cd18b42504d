#include "store/audit/audit.h"

#include "store/audit/queries.h"

namespace weft::store::audit {

namespace {

pg::Params params_of(TenantId tenant, const Event& event) {
    pg::Params params;
    params.add(tenant).add(event.actor_kind).add(event.actor_id).add(event.action).add(event.object_kind);
    params.add(event.object_id).add(to_text(event.detail)).add(event.request_id);
    if (event.ip.empty()) {
        params.add_null();
    } else {
        params.add(event.ip);
    }
    return params;
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
