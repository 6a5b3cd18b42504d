#pragma once

#include "base/id.h"
#include "base/time.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Deliveries that were not taken, for the trigger's owner: kinds of them with a count, the newest
/// kRefusedKindsMax of each trigger. Nothing of what was sent is kept.
namespace weft::store::triggers {

inline constexpr int kRefusedKindsMax = 50;

/// kInactive: the workflow's. kBodyLimit: too large. kOverload: no room, here or in the queue. kSpam: of a
/// form, an entry was filled in that people do not see. kFiltered: the trigger's filter does not want it.
/// kAddress: from outside of the trigger's networks. kMethod: it takes none by this one. kDepth: of the end
/// of a run, too many runs stand above it.
enum class RefusalReason : std::uint8_t {
    kSignature,
    kRate,
    kInactive,
    kInput,
    kBody,
    kBodyLimit,
    kOverload,
    kSpam,
    kFiltered,
    kAddress,
    kMethod,
    kDepth,
    kOther
};
/// In the order of the enum.
inline constexpr std::array<std::string_view, 13> kRefusalReasons = {
    "signature",
    "rate",
    "inactive",
    "input",
    "body",
    "body-limit",
    "overload",
    "spam",
    "filtered",
    "address",
    "method",
    "depth",
    "other"
};
std::string_view name(RefusalReason reason);
std::optional<RefusalReason> refusal_reason_from(std::string_view text);

/// What makes two refusals alike.
struct RefusedKind {
    RefusalReason reason = RefusalReason::kOther;
    int status = 0;  // of the answer
    std::string content_type;
    std::string address;  // the sender's network; "" when there were many
    auto operator<=>(const RefusedKind&) const = default;
};
struct RefusedCount {
    Instant first_at{};
    Instant last_at{};
    std::int64_t count = 0;
    std::int64_t size = 0;  // bytes of the last one's body
};
struct Refused {
    TenantId tenant;
    TriggerId trigger;
    RefusedKind kind;
    RefusedCount seen;
};

/// Adds the counts, and lets go of what is beyond the newest kinds of these triggers: one transaction. Of a
/// trigger that is gone nothing is written.
rt::Task<Result<void>> add_refused(pg::Pool& pool, std::vector<Refused> rows, rt::Deadline by);

/// Newest first, at most kRefusedKindsMax.
rt::Task<Result<std::vector<Refused>>> list_refused(
    Db db, TenantId tenant, TriggerId trigger, rt::Deadline by
);

}  // namespace weft::store::triggers
