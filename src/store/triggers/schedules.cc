#include "store/triggers/schedules.h"

#include "platform/pg/row.h"
#include "store/triggers/history.h"
#include "store/triggers/queries.h"

namespace weft::store::triggers {

namespace {

constexpr auto kState = pg::columns(
    pg::column<&ScheduleState::trigger_id>("trigger_id"),
    pg::column<&ScheduleState::next_slot_at>("next_slot_at"),
    pg::column<&ScheduleState::due_at>("due_at"),
    pg::column<&ScheduleState::waiting_slot_at>("waiting_slot_at"),
    pg::column<&ScheduleState::last_slot_at>("last_slot_at"),
    pg::column<&ScheduleState::last_fired_at>("last_fired_at"),
    pg::column<&ScheduleState::last_run_id>("last_run_id"),
    pg::column<&ScheduleState::fired>("fired"),
    pg::column<&ScheduleState::missed>("missed"),
    pg::column<&ScheduleState::skipped>("skipped"),
    pg::column<&ScheduleState::problem>("problem")
);

constexpr auto kKey = pg::columns(
    pg::column<&ScheduleKey::tenant>("tenant_id"), pg::column<&ScheduleKey::trigger>("trigger_id")
);

constexpr auto kDue = pg::columns(
    pg::column<&DueSchedule::tenant>("tenant_id"),
    pg::column<&DueSchedule::trigger>("trigger_id"),
    pg::column<&DueSchedule::workflow>("workflow_id"),
    pg::column<&DueSchedule::name>("name"),
    pg::column<&DueSchedule::config>("config"),
    pg::column<&DueSchedule::settled_at>("settled_at"),
    pg::column<&DueSchedule::next_slot_at>("next_slot_at"),
    pg::column<&DueSchedule::waiting_slot_at>("waiting_slot_at"),
    pg::column<&DueSchedule::is_live>("is_live"),
    pg::column<&DueSchedule::is_running>("is_running"),
    pg::column<&DueSchedule::version>("published_version_id"),
    pg::column<&DueSchedule::flow>("flow"),
    pg::column<&DueSchedule::now>("now")
);

pg::Principal ingest() {
    return pg::Principal::system(pg::SystemRole::kIngest);
}

pg::Params params_of(const std::vector<Settled>& all, const std::string& tzdata) {
    pg::ArrayParam tenant, trigger, settled, next, due, waiting, slot, run, fired, missed, skipped, problem;
    for (const Settled& one : all) {
        tenant.add(one.tenant);
        trigger.add(one.trigger);
        settled.add(one.settled_at);
        next.add(one.next_slot_at);
        due.add(one.due_at);
        waiting.add(one.waiting_slot_at);
        slot.add(one.last_slot_at);
        run.add(one.last_run_id);
        fired.add(one.fired);
        missed.add(one.missed);
        skipped.add(one.skipped);
        problem.add(one.problem);
    }
    return pg::params(
        tenant, trigger, settled, next, due, waiting, tzdata, slot, run, fired, missed, skipped, problem
    );
}

}  // namespace

rt::Task<Result<std::map<TriggerId, ScheduleState>>> find_schedules(
    Db db, std::vector<TriggerId> ids, rt::Deadline by
) {
    std::map<TriggerId, ScheduleState> out;
    if (ids.empty()) co_return out;
    CO_TRY(auto rows, co_await db.query(sql::kFindSchedules, pg::params(pg::array(ids)), by));
    CO_CHECK_OK(pg::each(rows, kState, [&](ScheduleState row) {
        const TriggerId id = row.trigger_id;
        out.emplace(id, std::move(row));
    }));
    co_return out;
}

rt::Task<Result<void>> lock_schedule(Db db, TriggerId id, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kLockSchedule, pg::params(id), by));
    co_return Result<void>();
}

rt::Task<Result<void>> lock_schedules_of_workflow(Db db, WorkflowId workflow, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kLockOfWorkflow, pg::params(workflow), by));
    co_return Result<void>();
}

rt::Task<Result<void>> plan_schedule(Db db, TriggerId id, Fires fires, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kPlanSchedule, pg::params(id, fires == Fires::kYes), by));
    co_return Result<void>();
}

rt::Task<Result<void>> plan_schedules_of_workflow(Db db, WorkflowId workflow, rt::Deadline by) {
    CO_CHECK_OK(co_await lock_schedules_of_workflow(db, workflow, by));
    CO_CHECK_OK(co_await db.query(sql::kPlanOfWorkflow, pg::params(workflow), by));
    co_return Result<void>();
}

rt::Task<Result<Claim>> claim_schedules(pg::Pool& pool, int limit, std::string tzdata, rt::Deadline by) {
    CO_TRY(pg::Transaction transaction, co_await pool.begin(ingest(), by));
    CO_TRY(auto locked, co_await transaction.query(sql::kLockDue, pg::params(limit, tzdata), by));
    pg::ArrayParam tenants, triggers;
    CO_CHECK_OK(pg::each(locked, kKey, [&](ScheduleKey key) {
        tenants.add(key.tenant);
        triggers.add(key.trigger);
    }));
    auto keys = pg::params(tenants, triggers);
    CO_TRY(auto rows, co_await transaction.query(sql::kClaimSchedules, std::move(keys), by));
    CO_TRY(auto due, pg::all(rows, kDue));
    co_return Claim{std::move(transaction), std::move(due)};
}

rt::Task<Result<std::vector<std::optional<Begun>>>> settle_schedules(
    Claim claim,
    std::vector<Settled> settled,
    std::vector<const NewRun*> runs,
    std::string tzdata,
    rt::Deadline by
) {
    CO_CHECK_OK(co_await claim.transaction.query(sql::kSettleSchedules, params_of(settled, tzdata), by));
    for (const Settled& one : settled) {
        const Miss missed{one.tenant, one.trigger, "missed", one.missed, one.problem};
        const Miss skipped{one.tenant, one.trigger, "skipped", one.skipped, std::nullopt};
        for (const Miss& miss : {missed, skipped})
            if (miss.events > 0) CO_CHECK_OK(co_await note_miss(claim.transaction, miss, by));
    }
    std::vector<std::optional<Begun>> begun;
    if (!runs.empty()) {
        CO_TRY(begun, co_await begin_runs(claim.transaction, std::move(runs), Repeats::kLeave, by));
    }
    CO_CHECK_OK(co_await claim.transaction.commit(by));
    co_return begun;
}

rt::Task<Result<std::optional<Millis>>> time_until_due(pg::Pool& pool, rt::Deadline by) {
    struct Found {
        std::optional<Millis> wait;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::wait>("wait_ms"));
    CO_TRY(auto rows, co_await pool.query(ingest(), sql::kTimeUntilDue, {}, by));
    CO_TRY(auto found, pg::first(rows, kFound));
    co_return found ? found->wait : std::nullopt;
}

rt::Task<Result<std::optional<ScheduleKey>>> replan_schedules(
    pg::Pool& pool, std::string tzdata, ScheduleKey after, rt::Deadline by
) {
    constexpr int kBatch = 1'000;
    auto params = pg::params(tzdata, after.tenant, after.trigger, kBatch);
    CO_TRY(auto rows, co_await pool.query(ingest(), sql::kReplanSchedules, std::move(params), by));
    co_return pg::first(rows, kKey);
}

}  // namespace weft::store::triggers
