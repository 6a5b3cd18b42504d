#pragma once

#include "base/id.h"
#include "base/json.h"
#include "store/db/db.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What people and their tokens did: one row per change, written in the transaction of the change.
namespace weft::store::audit {

enum class ActorKind : std::uint8_t { kUser, kToken, kSystem };
std::string_view name(ActorKind kind);

struct Event {
    ActorKind actor_kind = ActorKind::kSystem;
    std::optional<Uuid> actor_id;
    std::string action;       // e.g. connection.create
    std::string object_kind;  // e.g. connection
    std::optional<Uuid> object_id;
    JsonObject detail;  // never a secret
    std::optional<RequestId> request_id;
    std::string ip;
};

/// Appends `event` for the tenant of `db`. Errors: kUnavailable and the like; then the change must not
/// commit.
rt::Task<Result<void>> append(Db db, TenantId tenant, Event event, rt::Deadline by);

/// The same as a statement of a batch that already runs as the tenant.
void append(pg::Batch& batch, TenantId tenant, const Event& event);

}  // namespace weft::store::audit
