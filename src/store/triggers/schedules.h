#pragma once

#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/db/db.h"
#include "store/triggers/inbox.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Where schedule triggers stand in time. When a rule fires is core/trigger's matter; here are the instants
/// that were found, and who may move on with them.
namespace weft::store::triggers {

/// What its owner gets to see.
struct ScheduleState {
    TriggerId trigger_id;
    std::optional<Instant> next_slot_at;
    std::optional<Instant> due_at;
    std::optional<Instant> waiting_slot_at;
    std::optional<Instant> last_slot_at;
    std::optional<Instant> last_fired_at;
    std::optional<RunId> last_run_id;
    std::int64_t fired = 0;
    std::int64_t missed = 0;
    std::int64_t skipped = 0;
    std::optional<std::string> problem;
};
rt::Task<Result<std::map<TriggerId, ScheduleState>>> find_schedules(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
);

/// Before anything changes what the scheduler asks of a trigger or a workflow (state, settings, published
/// version, being there), and before those rows are read or locked: everybody takes these rows first.
rt::Task<Result<void>> lock_schedule(Db db, TriggerId id, rt::Deadline by);
rt::Task<Result<void>> lock_schedules_of_workflow(Db db, WorkflowId workflow, rt::Deadline by);

/// From now on, by the trigger's settings; whoever has a transaction calls it there, and tells TriggerChanged
/// afterwards.
enum class Fires : std::uint8_t { kNo, kYes };
rt::Task<Result<void>> plan_schedule(Db db, TriggerId id, Fires fires, rt::Deadline by);
/// Likewise, of a workflow whose state or published version has changed.
rt::Task<Result<void>> plan_schedules_of_workflow(Db db, WorkflowId workflow, rt::Deadline by);

// ---- across tenants, as weft_ingest

/// A schedule that is due, locked by the transaction that claimed it.
struct DueSchedule {
    TenantId tenant;
    TriggerId trigger;
    WorkflowId workflow;
    std::string name;
    Json config;
    Instant settled_at;
    std::optional<Instant> next_slot_at;
    std::optional<Instant> waiting_slot_at;
    bool is_live = false;     // trigger and workflow are active, and there is something to run
    bool is_running = false;  // the run of its last slot
    std::optional<WorkflowVersionId> version;  // the published one: until the transaction ends it is
    std::optional<Json> flow;                  // its rules (core/flow), when it has some
    Instant now;                               // of the database
};
/// Opens a transaction and claims at most `limit`; commit it, or let it go. What newer zones than `tzdata`
/// have planned only when nobody else takes it.
struct Claim {
    pg::Transaction transaction;
    std::vector<DueSchedule> due;
};
rt::Task<Result<Claim>> claim_schedules(pg::Pool& pool, int limit, std::string tzdata, rt::Deadline by);

/// Where a claimed schedule stands afterwards.
struct Settled {
    TenantId tenant;
    TriggerId trigger;
    Instant settled_at;
    std::optional<Instant> next_slot_at;
    std::optional<Instant> due_at;
    std::optional<Instant> waiting_slot_at;
    std::optional<Instant> last_slot_at;  // with a run
    std::optional<RunId> last_run_id;
    std::int64_t fired = 0;
    std::int64_t missed = 0;
    std::int64_t skipped = 0;
    std::optional<std::string> problem;
};
/// Moves them on and begins the runs, by take_events like any other event's, and commits. Answers as
/// begin_runs.
rt::Task<Result<std::vector<std::optional<Begun>>>> settle_schedules(
    Claim claim,
    std::vector<Settled> settled,
    std::vector<const NewRun*> runs,
    std::string tzdata,
    rt::Deadline by
);

/// How long until the next one is due, on the database's clock; negative: it is; nothing: none is planned.
rt::Task<Result<std::optional<Millis>>> time_until_due(pg::Pool& pool, rt::Deadline by);

/// Makes those due whose next slot was found with an older version of the zones: a batch of them behind
/// `after`. Answers where the next batch begins; nothing: there is none.
struct ScheduleKey {
    TenantId tenant;
    TriggerId trigger;
};
rt::Task<Result<std::optional<ScheduleKey>>> replan_schedules(
    pg::Pool& pool, std::string tzdata, ScheduleKey after, rt::Deadline by
);

}  // namespace weft::store::triggers
