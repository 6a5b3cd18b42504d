#include "store/queue/queue.h"

#include "store/queue/queries.h"

#include <unordered_set>

namespace weft::store::queue {

namespace {

const pg::Principal kDispatch = pg::Principal::system(pg::SystemRole::kDispatch);

pg::Params lease_params(const std::vector<Lease>& leases) {
    pg::ArrayParam tenants;
    pg::ArrayParam runs;
    pg::ArrayParam epochs;
    for (const Lease& lease : leases) {
        tenants.add(lease.tenant);
        runs.add(lease.run);
        epochs.add(lease.epoch);
    }
    pg::Params params;
    params.add(tenants.text()).add(runs.text()).add(epochs.text());
    return params;
}

Lease read_lease(const pg::Rows& rows, int row, int tenant, int run, int epoch) {
    return Lease{rows.id<TenantId>(row, tenant), rows.id<RunId>(row, run), rows.integer(row, epoch)};
}

/// Columns reason and name from `at` on.
Cancel read_cancel(const pg::Rows& rows, int row, int at) {
    return Cancel{std::string(rows.text(row, at)), std::string(rows.text(row, at + 1))};
}

Reaped read_reaped(const pg::Rows& rows) {
    Reaped out;
    for (int row = 0; row < rows.size(); ++row) {
        if (!rows.boolean(row, 0)) {
            ++out.requeued;
            continue;
        }
        out.poisoned.push_back({
            .lease = read_lease(rows, row, 1, 2, 3),
            .workflow = rows.id<WorkflowId>(row, 4),
            .crashes = static_cast<int>(rows.integer(row, 5)),
        });
    }
    return out;
}

}  // namespace

rt::Task<Result<std::vector<Claimed>>> Queue::claim(
    WorkerId worker, int limit, Millis lease, rt::Deadline by, Rooms rooms
) {
    pg::ArrayParam tenants;
    pg::ArrayParam sizes;
    for (const auto& [tenant, size] : rooms.of) {
        tenants.add(tenant);
        sizes.add(size);
    }
    pg::Params params;
    params.add(worker).add(limit).add(static_cast<std::int64_t>(lease.count()));
    params.add(tenants.text()).add(sizes.text()).add(rooms.others);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kClaim, std::move(params), by));
    std::vector<Claimed> out;
    out.reserve(static_cast<std::size_t>(rows.size()));
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({
            .lease = read_lease(rows, row, 0, 1, 4),
            .workflow = rows.id<WorkflowId>(row, 2),
            .version = rows.id<WorkflowVersionId>(row, 3),
            .crashes = static_cast<int>(rows.integer(row, 5)),
            .cancel = rows.boolean(row, 6) ? std::optional(read_cancel(rows, row, 7)) : std::nullopt,
            .at = rows.instant(row, 9),
        });
    }
    co_return out;
}

rt::Task<Result<Beat>> Queue::heartbeat(std::vector<Lease> leases, Millis lease, rt::Deadline by) {
    pg::Params params = lease_params(leases);
    params.add(static_cast<std::int64_t>(lease.count()));
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kHeartbeat, std::move(params), by));
    Beat out;
    std::unordered_set<RunId> held;
    for (int row = 0; row < rows.size(); ++row) {
        auto run = rows.id<RunId>(row, 0);
        held.insert(run);
        if (rows.boolean(row, 1)) out.canceled.push_back({run, read_cancel(rows, row, 2)});
    }
    for (const Lease& mine : leases) {
        if (!held.contains(mine.run)) out.lost.push_back(mine.run);
    }
    co_return out;
}

rt::Task<Result<std::vector<Canceled>>> Queue::canceled(std::vector<Lease> leases, rt::Deadline by) {
    pg::Params params = lease_params(leases);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kCanceled, std::move(params), by));
    std::vector<Canceled> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({rows.id<RunId>(row, 0), read_cancel(rows, row, 1)});
    }
    co_return out;
}

rt::Task<Result<void>> Queue::release(std::vector<Lease> leases, rt::Deadline by) {
    pg::Params params = lease_params(leases);
    CO_CHECK_OK(co_await pool_.query(kDispatch, sql::kRelease, std::move(params), by));
    co_return Result<void>{};
}

rt::Task<Result<Reaped>> Queue::reap(WorkerId worker, int crashes_max, Millis lease, rt::Deadline by) {
    pg::Params params;
    params.add(worker).add(crashes_max).add(static_cast<std::int64_t>(lease.count()));
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kReap, std::move(params), by));
    co_return read_reaped(rows);
}

rt::Task<Result<Reaped>> Queue::take_over(
    std::vector<WorkerId> dead, WorkerId worker, int crashes_max, Millis lease, rt::Deadline by
) {
    pg::ArrayParam workers;
    for (const WorkerId each : dead) workers.add(each);
    pg::Params params;
    params.add(workers.text()).add(worker).add(crashes_max).add(static_cast<std::int64_t>(lease.count()));
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kTakeOver, std::move(params), by));
    co_return read_reaped(rows);
}

rt::Task<Result<std::int64_t>> Queue::sweep_tenants(Idle idle, rt::Deadline by) {
    pg::Params params;
    params.add(idle == Idle::kPutToSleep);
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kSweepTenants, std::move(params), by));
    co_return rows.integer(0, 0);
}

rt::Task<Result<std::vector<Orphan>>> Queue::orphans(Millis oldest, Millis youngest, rt::Deadline by) {
    pg::Params params;
    params.add(static_cast<std::int64_t>(oldest.count())).add(static_cast<std::int64_t>(youngest.count()));
    CO_TRY(auto rows, co_await pool_.query(kDispatch, sql::kOrphans, std::move(params), by));
    std::vector<Orphan> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({rows.id<TenantId>(row, 0), rows.id<RunId>(row, 1)});
    }
    co_return out;
}

}  // namespace weft::store::queue
