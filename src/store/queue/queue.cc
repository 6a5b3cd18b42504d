#include "store/queue/queue.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/queue/queries.h"

#include <unordered_set>

namespace weft::pg {

template <>
struct Reader<store::queue::Standing> : WordReader<store::queue::Standing, store::queue::standing_from> {};

}  // namespace weft::pg

namespace weft::store::queue {

namespace {

const pg::Principal kDispatch = pg::Principal::system(pg::SystemRole::kDispatch);

constexpr int kGatesMax = 100;  // turned in one transaction, which holds their locks

pg::Params lease_params(const std::vector<Lease>& leases) {
    return pg::params(
        pg::array(leases, &Lease::tenant), pg::array(leases, &Lease::run), pg::array(leases, &Lease::epoch)
    );
}

/// `query` on jobs that are locked first. Its answer.
rt::Task<Result<pg::Rows>> run_locked(
    pg::Pool& pool, pg::Query query, std::vector<Lease> leases, pg::Params params, rt::Deadline by
) {
    pg::Batch batch;
    batch.as(kDispatch);
    batch.add(sql::kLockJobs, pg::params(pg::array(leases, &Lease::tenant), pg::array(leases, &Lease::run)));
    batch.add(query, std::move(params));
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    co_return std::move(answers.back());
}

constexpr auto kLease = pg::columns(
    pg::column<&Lease::tenant>("tenant_id"),
    pg::column<&Lease::run>("run_id"),
    pg::column<&Lease::epoch>("epoch")
);
constexpr auto kCancel =
    pg::columns(pg::column<&Cancel::reason>("cancel_reason"), pg::column<&Cancel::by>("canceled_by_name"));
constexpr auto kCanceled =
    pg::nested<Canceled, &Canceled::cancel, kCancel>() + pg::columns(pg::column<&Canceled::run>("run_id"));
constexpr auto kOrphan =
    pg::columns(pg::column<&Orphan::tenant>("tenant_id"), pg::column<&Orphan::run>("run_id"));

/// As it is read: `cancel` counts only when it has been asked for, the parent only when there is one.
struct ClaimedRow {
    Claimed row;
    Cancel cancel;
    bool is_cancel_requested = false;
    std::optional<RunId> parent_run;
    std::string parent_step;
    std::int64_t parent_iteration = 0;
};

constexpr auto kClaim =
    pg::nested<Claimed, &Claimed::lease, kLease>() + pg::columns(
                                                         pg::column<&Claimed::workflow>("workflow_id"),
                                                         pg::column<&Claimed::version>("workflow_version_id"),
                                                         pg::column<&Claimed::crashes>("crashes"),
                                                         pg::column<&Claimed::is_awaited>("is_awaited"),
                                                         pg::column<&Claimed::is_gated>("is_gated"),
                                                         pg::column<&Claimed::depth>("depth"),
                                                         pg::column<&Claimed::may_be_more>("may_be_more"),
                                                         pg::column<&Claimed::at>("claimed_at")
                                                     );
constexpr auto kClaimed = pg::nested<ClaimedRow, &ClaimedRow::row, kClaim>() +
                          pg::nested<ClaimedRow, &ClaimedRow::cancel, kCancel>() +
                          pg::columns(
                              pg::column<&ClaimedRow::is_cancel_requested>("is_cancel_requested"),
                              pg::column<&ClaimedRow::parent_run>("parent_run_id"),
                              pg::column<&ClaimedRow::parent_step>("parent_step_id"),
                              pg::column<&ClaimedRow::parent_iteration>("parent_iteration")
                          );

struct Held {
    Canceled run;
    bool is_cancel_requested = false;
};
constexpr auto kHeld = pg::nested<Held, &Held::run, kCanceled>() +
                       pg::columns(pg::column<&Held::is_cancel_requested>("is_cancel_requested"));

struct Told {
    Held held;
    bool is_signaled = false;
};
constexpr auto kTold =
    pg::nested<Told, &Told::held, kHeld>() + pg::columns(pg::column<&Told::is_signaled>("is_signaled"));

struct Lapsed {
    Poisoned job;
    bool is_poisoned = false;
};
constexpr auto kPoisoned = pg::nested<Poisoned, &Poisoned::lease, kLease>() +
                           pg::columns(
                               pg::column<&Poisoned::workflow>("workflow_id"),
                               pg::column<&Poisoned::version>("workflow_version_id"),
                               pg::column<&Poisoned::depth>("depth"),
                               pg::column<&Poisoned::crashes>("crashes")
                           );
constexpr auto kLapsed = pg::nested<Lapsed, &Lapsed::job, kPoisoned>() +
                         pg::columns(pg::column<&Lapsed::is_poisoned>("is_poisoned"));

constexpr auto kDepth = pg::columns(
    pg::column<&Queue::Depth::standing>("standing"),
    pg::column<&Queue::Depth::jobs>("jobs"),
    pg::column<&Queue::Depth::oldest_seconds>("oldest_seconds")
);

Result<Reaped> read_reaped(const pg::Rows& rows) {
    TRY(auto lapsed, pg::all(rows, kLapsed));
    Reaped out;
    for (Lapsed& each : lapsed) {
        if (each.is_poisoned) {
            out.poisoned.push_back(std::move(each.job));
        } else {
            ++out.requeued;
        }
    }
    return out;
}

}  // namespace

std::string_view name(Standing standing) {
    return word_of(kStandings, standing);
}
std::optional<Standing> standing_from(std::string_view text) {
    return find_word<Standing>(kStandings, text);
}

rt::Task<Result<std::vector<Claimed>>> Queue::claim(
    WorkerId worker, int limit, Millis lease, rt::Deadline by, Rooms rooms
) {
    using Room = std::pair<TenantId, int>;
    auto tenants = pg::array(rooms.of, &Room::first);
    auto sizes = pg::array(rooms.of, &Room::second);
    auto params = pg::params(worker, limit, lease, tenants, sizes, rooms.others);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kClaim, std::move(params), by));
    CO_TRY(auto found, pg::all(rows, kClaimed));
    std::vector<Claimed> out;
    out.reserve(found.size());
    for (ClaimedRow& each : found) {
        if (each.is_cancel_requested) each.row.cancel = std::move(each.cancel);
        if (each.parent_run)
            each.row.parent = Parent{*each.parent_run, std::move(each.parent_step), each.parent_iteration};
        out.push_back(std::move(each.row));
    }
    co_return out;
}

rt::Task<Result<Beat>> Queue::heartbeat(std::vector<Lease> leases, Millis lease, rt::Deadline by) {
    pg::Params params = lease_params(leases);
    params.add(static_cast<std::int64_t>(lease.count()));
    CO_TRY(auto rows, co_await run_locked(pool_, sql::kHeartbeat, leases, std::move(params), by));
    CO_TRY(auto found, pg::all(rows, kHeld));
    Beat out;
    std::unordered_set<RunId> held;
    for (Held& mine : found) {
        held.insert(mine.run.run);
        if (mine.is_cancel_requested) out.canceled.push_back(std::move(mine.run));
    }
    for (const Lease& mine : leases) {
        if (!held.contains(mine.run)) out.lost.push_back(mine.run);
    }
    co_return out;
}

rt::Task<Result<Asked>> Queue::asked(std::vector<Lease> leases, rt::Deadline by) {
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kAsked, lease_params(leases), by));
    CO_TRY(auto found, pg::all(rows, kTold));
    Asked out;
    for (Told& each : found) {
        if (each.is_signaled) out.signaled.push_back(each.held.run.run);
        if (each.held.is_cancel_requested) out.canceled.push_back(std::move(each.held.run));
    }
    co_return out;
}

rt::Task<Result<void>> Queue::release(std::vector<Lease> leases, rt::Deadline by) {
    pg::Params params = lease_params(leases);
    CO_CHECK_OK(co_await run_locked(pool_, sql::kRelease, std::move(leases), std::move(params), by));
    co_return Result<void>{};
}

rt::Task<Result<Reaped>> Queue::reap(WorkerId worker, int crashes_max, Millis lease, rt::Deadline by) {
    auto params = pg::params(worker, crashes_max, lease);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kReap, std::move(params), by));
    co_return read_reaped(rows);
}

rt::Task<Result<Reaped>> Queue::take_over(
    std::vector<WorkerId> dead, WorkerId worker, int crashes_max, Millis lease, rt::Deadline by
) {
    auto params = pg::params(pg::array(dead), worker, crashes_max, lease);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kTakeOver, std::move(params), by));
    co_return read_reaped(rows);
}

rt::Task<Result<std::int64_t>> Queue::sweep_tenants(Idle idle, rt::Deadline by) {
    auto params = pg::params(idle == Idle::kPutToSleep);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kSweepTenants, std::move(params), by));
    co_return pg::value<std::int64_t>(rows, "count");
}

rt::Task<Result<Queue::Turned>> Queue::turn_due_gates(rt::Deadline by) {
    constexpr auto kTurned = pg::columns(
        pg::column<&Turned::begun>("begun"),
        pg::column<&Turned::turned>("turned"),
        pg::column<&Turned::next>("next_ms")
    );
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kTurnDueGates, pg::params(kGatesMax), by));
    CO_TRY(auto turned, pg::first(rows, kTurned));
    co_return turned.value_or(Turned{});
}

rt::Task<Result<std::optional<Queue::Gate>>> Queue::turn_standing_gates(
    std::optional<Gate> after, rt::Deadline by
) {
    constexpr auto kGate = pg::columns(
        pg::column<&Gate::tenant>("tenant_id"),
        pg::column<&Gate::workflow>("workflow_id"),
        pg::column<&Gate::stage>("stage"),
        pg::column<&Gate::key>("gate")
    );
    const Gate from = after.value_or(Gate{});
    auto params = pg::params(after.has_value(), from.tenant, from.workflow, from.stage, from.key, kGatesMax);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kTurnStandingGates, std::move(params), by));
    co_return pg::first(rows, kGate);
}

rt::Task<Result<std::vector<Queue::Depth>>> Queue::depths(rt::Deadline by) {
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kDepths, pg::Params(), by));
    co_return pg::all(rows, kDepth);
}

rt::Task<Result<std::vector<Orphan>>> Queue::orphans(Millis oldest, Millis youngest, rt::Deadline by) {
    auto params = pg::params(oldest, youngest);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kOrphans, std::move(params), by));
    co_return pg::all(rows, kOrphan);
}

}  // namespace weft::store::queue
