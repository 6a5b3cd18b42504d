#include "store/audit/audit.h"

#include "base/words.h"
#include "store/audit/queries.h"

#include <array>

namespace weft::store::audit {

namespace {

/// In the order of the enum.
constexpr std::array<std::string_view, 3> kActorKinds = {"user", "token", "system"};

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

std::string_view name(ActorKind kind) {
    return word_of(kActorKinds, kind);
}

rt::Task<Result<void>> append(Db db, TenantId tenant, Event event, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kAppend, params_of(tenant, event), by));
    co_return Result<void>();
}

void append(pg::Batch& batch, TenantId tenant, const Event& event) {
    batch.add(sql::kAppend, params_of(tenant, event));
}

}  // namespace weft::store::audit
