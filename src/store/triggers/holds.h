#pragma once

#include "base/id.h"
#include "platform/pg/pg.h"
#include "store/triggers/inbox.h"

#include <cstdint>
#include <optional>
#include <vector>

/// Triggers that somebody listens for: a claimed poll (polls.h) whose lease is renewed while a connection is
/// held.
namespace weft::store::triggers {

/// What was heard since the last time, besides the runs.
struct HoldOutcome {
    TenantId tenant;
    TriggerId trigger;
    std::int64_t epoch = 0;
    Millis lease{0};        // from now
    bool is_first = false;  // of this connection: since when nobody listened is noted
    std::int64_t filtered = 0;
    std::int64_t size_filtered = 0;  // bytes of the last one
    std::int64_t overload = 0;       // no room in the queue
    std::int64_t too_large = 0;
};
/// All of it in one transaction, runs begun by begin_runs; those that do not begin are lost, and noted.
/// Answers as that; kStale, with nothing written, when another one has claimed it or its owner has changed
/// it; kConflict, likewise, when nobody needs to listen: it is inactive, and no sample is wanted. Repeating
/// it after an unknown outcome begins nothing twice.
rt::Task<Result<std::vector<std::optional<Begun>>>> hold_poll(
    pg::Pool& pool, HoldOutcome outcome, std::vector<const NewRun*> runs, rt::Deadline by
);

}  // namespace weft::store::triggers
