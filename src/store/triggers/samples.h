#pragma once

#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"
#include "store/runs/payload.h"

#include <chrono>
#include <optional>
#include <string>

/// The sample of a trigger: the newest event that somebody asked to see while building. One for each trigger,
/// sealed as a run's values are, dropped with them (store/retention).
namespace weft::store::triggers {

inline constexpr std::chrono::seconds kListenMax{600};

struct Sample {
    std::optional<Instant> listen_until;  // while somebody waits for one
    std::optional<std::string> problem;   // why the last wait ended without one
    std::optional<Instant> captured_at;   // nothing: there is none, and no `sealed`
    runs::StoredPayload sealed;
};
/// As if nobody had ever listened when there is no row.
rt::Task<Result<Sample>> find_sample(Db db, TriggerId id, rt::Deadline by);
/// {"input": ..., "trigger": ...}, as a run would have seen it. Errors: kInvalid, kNotFound, kUnavailable.
rt::Task<Result<std::string>> open_sample(
    runs::DataKeys& keys, TenantId tenant, TriggerId id, runs::StoredPayload sealed, rt::Deadline by
);

/// The next event is wanted for so long (at most kListenMax); 0: no longer.
rt::Task<Result<void>> listen(Db db, TriggerId id, std::chrono::seconds how_long, rt::Deadline by);
/// Likewise of a trigger that polls, which asks at once, also while it is inactive.
rt::Task<Result<void>> poll_soon(Db db, TriggerId id, rt::Deadline by);

// ---- across tenants, as weft_ingest

/// Keeps an event, given as the JSON texts of a run's input and trigger, if somebody waits for one of this
/// trigger. False: nobody does (any more), or it is too large, which then is the sample's `problem`.
/// Errors: kUnavailable.
rt::Task<Result<bool>> capture(
    pg::Pool& pool,
    runs::DataKeys& keys,
    TenantId tenant,
    TriggerId id,
    std::string input,
    std::string trigger,
    rt::Deadline by
);
/// Ends the waiting; `why` is a sentence for the trigger's owner.
rt::Task<Result<void>> fail_sample(
    pg::Pool& pool, TenantId tenant, TriggerId id, std::string why, rt::Deadline by
);

}  // namespace weft::store::triggers
