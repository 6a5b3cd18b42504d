#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"
#include "store/queue/queue.h"
#include "store/runs/journal.h"
#include "store/runs/payload.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What ends a run's wait, from outside: callbacks, events, decisions. One answer counts.
namespace weft::store::waits {

enum class State : std::uint8_t { kOpen, kAnswered, kClosed };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kStates = {"open", "answered", "closed"};
std::optional<State> state_from(std::string_view text);
std::optional<runs::WaitKind> kind_from(std::string_view text);

/// What an address leads to.
struct Target {
    TenantId tenant;
    RunId run;
    std::string step;
    std::int64_t iteration = 0;
    runs::WaitKind kind = runs::WaitKind::kCallback;
    State state = State::kOpen;
    bool is_late = false;    // its deadline has passed, by the database's clock
    std::string token_hash;  // as stored: compare it in constant time
    Json policy;             // of an approval
    bool may_be_answered() const { return state == State::kOpen && !is_late; }
};

/// By the SHA-256 of its token, across tenants (weft_ingest). Nothing for an unknown one.
rt::Task<Result<std::optional<Target>>> find_by_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
);

/// Takes the answer, whose value is sealed for ValueSlot::answer_of, and wakes the run. False: it was
/// answered before, its time is over, or the run has ended. `failure` says why the step fails nevertheless.
rt::Task<Result<bool>> answer(
    pg::Pool& pool,
    Target target,
    runs::StoredPayload value,
    std::optional<std::string> failure,
    rt::Deadline by
);
/// The same in a transaction of the tenant's.
rt::Task<Result<bool>> answer(
    Db db, Target target, runs::StoredPayload value, std::optional<std::string> failure, rt::Deadline by
);

/// Likewise by the worker that holds the run: nobody is to be woken.
rt::Task<Result<bool>> answer_held(
    Db db, Target target, runs::StoredPayload value, std::optional<std::string> failure, rt::Deadline by
);

/// How many wait, of all tenants, up to 200,000 together (weft_dispatch).
struct OpenWaits {
    runs::WaitKind kind = runs::WaitKind::kCallback;
    std::int64_t count = 0;
};
rt::Task<Result<std::vector<OpenWaits>>> count_open(pg::Pool& pool, rt::Deadline by);

// ---- events: one ends one wait, the longest; one that nobody waits for is kept for the first that does

struct EventKey {
    std::string name;
    std::string key;
};
inline constexpr std::int64_t kKeptEventsMax = 10'000;    // of a tenant
inline constexpr std::size_t kEventBytesMax = 60u << 10;  // of a payload: kept ones stay in their rows

/// In a transaction, before the two below: others with this key wait until it ends.
rt::Task<Result<void>> lock_event(Db db, EventKey key, rt::Deadline by);
/// Who waits for it; its job is locked.
rt::Task<Result<std::optional<Target>>> find_event_wait(Db db, EventKey key, rt::Deadline by);
/// `value` is sealed for RunId(id) and ValueSlot::trigger(). kLimit: too many are kept.
rt::Task<Result<void>> keep_event(Db db, EventKey key, Uuid id, runs::StoredPayload value, rt::Deadline by);

/// For the engine, once a run's wait for it is committed.
struct KeptEvent {
    Uuid id;
    runs::StoredPayload value;
};
rt::Task<Result<std::optional<KeptEvent>>> find_kept_event(
    pg::Pool& pool, TenantId tenant, EventKey key, rt::Deadline by
);
/// Makes it the answer of the wait; `value` is what it said, sealed anew for that. False: another run
/// has it, so that there may be more; true as well when the wait has an answer already.
rt::Task<Result<bool>> take_kept_event(
    pg::Pool& pool, EventKey key, KeptEvent event, Target target, runs::StoredPayload value, rt::Deadline by
);

}  // namespace weft::store::waits
