#pragma once

#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"
#include "store/triggers/inbox.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Triggers that ask another system: where they stand, what they have seen, and who asks now.
namespace weft::store::triggers {

/// Of one trigger; the least recently seen are forgotten first, and what nobody has shown for 90 days.
inline constexpr int kRememberedMax = 20'000;

/// What its owner gets to see.
struct PollState {
    TriggerId trigger_id;
    std::optional<Instant> due_at;
    std::optional<Instant> polled_at;
    std::optional<Instant> event_at;
    std::optional<RunId> last_run_id;
    std::optional<Json> cursor;
    std::int64_t polls = 0;
    std::int64_t items = 0;
    std::int64_t fired = 0;
    std::int64_t filtered = 0;
    int failures = 0;
    std::optional<Instant> failing_since;
    std::optional<std::string> problem;
};
rt::Task<Result<std::map<TriggerId, PollState>>> find_polls(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
);

/// Asked again and again, or listened to by whoever has claimed it (holds.h).
enum class Way : std::uint8_t { kAsked, kHeld };
/// How it asks from now on: what compile of core/workflow made. Whoever is asking right now writes nothing.
/// kForget also forgets cursor and items: they were another source's.
enum class Memory : std::uint8_t { kKeep, kForget };
rt::Task<Result<void>> plan_poll(
    Db db, TriggerId id, Way way, std::string compiled, Memory memory, rt::Deadline by
);
/// On: it asks as soon as it can, if its workflow is active and published. Off: no more; cursor and items
/// stay.
enum class Polling : std::uint8_t { kOff, kOn };
rt::Task<Result<void>> switch_poll(Db db, TriggerId id, Polling polling, rt::Deadline by);
/// Likewise, of a workflow whose state or published version has changed.
rt::Task<Result<void>> switch_polls_of_workflow(Db db, WorkflowId workflow, rt::Deadline by);

// ---- across tenants, as weft_ingest

/// A poll that is due, held by whoever claimed it until `lease` is over on the database's clock.
struct DuePoll {
    TenantId tenant;
    TriggerId trigger;
    WorkflowId workflow;
    std::string kind;
    std::string name;
    Json config;
    std::string compiled;
    std::int64_t epoch = 0;
    std::int64_t source = 0;  // how often it has been another one
    bool is_primed = false;
    std::optional<std::string> cursor;  // JSON text
    int failures = 0;
    bool is_checked = false;    // it has answered well since it was switched on
    bool is_listening = false;  // somebody wants a sample of what it finds (samples.h)
    bool is_live = false;       // trigger and workflow are active, and there is something to run
    std::optional<WorkflowVersionId> version;  // the published one
    std::optional<Json> flow;                  // its rules (core/flow), when it has some
    Instant now;                               // of the database
};
/// At most `limit`, oldest first; none of the tenants in `full`.
rt::Task<Result<std::vector<DuePoll>>> claim_polls(
    pg::Pool& pool, Way way, int limit, Millis lease, std::vector<TenantId> full, rt::Deadline by
);

/// Of these digests those that the trigger has not seen, in their order.
rt::Task<Result<std::vector<std::string>>> unseen_items(
    pg::Pool& pool, TenantId tenant, TriggerId trigger, std::vector<std::string> items, rt::Deadline by
);

/// What became of a claimed poll.
struct PollOutcome {
    TenantId tenant;
    TriggerId trigger;
    std::int64_t epoch = 0;
    Millis next{0};        // until the next poll
    bool is_asked = true;  // false: nobody was asked; only `next` counts
    bool is_primed = false;
    std::optional<std::string> cursor;  // JSON text; nothing: as before
    std::int64_t filtered = 0;
    std::int64_t size_filtered = 0;  // bytes of the last one
    std::vector<std::string> items;  // digests that the answer held and are dealt with without a run
    std::vector<std::vector<std::string>> run_items;  // likewise, of each run
    std::optional<std::string> problem;               // it failed: nothing else has changed
};
/// All of it in one transaction: items remembered, cursor moved, runs begun (by begin_runs). Answers as that;
/// kStale, with nothing written, when another one has claimed the poll or its owner has changed it;
/// kConflict, likewise, when no run can begin, since trigger or workflow are inactive, or the workflow's rate
/// limit has no room. Where it has room for some, the items of the others are not remembered, the cursor
/// stays, and the next poll is soon.
rt::Task<Result<std::vector<std::optional<Begun>>>> settle_poll(
    pg::Pool& pool, PollOutcome outcome, std::vector<const NewRun*> runs, rt::Deadline by
);

/// It was switched off while it was asked: nobody is at work for it any more.
rt::Task<Result<void>> release_poll(pg::Pool& pool, DuePoll due, rt::Deadline by);

/// How long until the next one is due, on the database's clock; negative: it is; nothing: none is.
rt::Task<Result<std::optional<Millis>>> time_until_poll(pg::Pool& pool, Way way, rt::Deadline by);

}  // namespace weft::store::triggers
