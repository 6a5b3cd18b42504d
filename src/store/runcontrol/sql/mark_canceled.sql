-- mark_canceled :optional  none when the run has no job, that is, has ended; true for the first time asked  by job's key throughout
with wanted as (
    select cancel_requested_at is null as is_first
    from job
    where tenant_id = current_tenant()
        and run_id = $1::uuid
    for update
)

update job j
set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp()),
    cancel_reason = case when w.is_first then $2 else j.cancel_reason end,
    canceled_by = case when w.is_first then $3::uuid else j.canceled_by end,
    canceled_by_name = case when w.is_first then $4 else j.canceled_by_name end,
    run_at = least(j.run_at, clock_timestamp()),
    -- One that stands before a gate leaves it, and ends like any other.
    stage = case when j.state = 'held' then null else j.stage end,
    gate = case when j.state = 'held' then null else j.gate end,
    state = case when j.state = 'held' then 'ready' else j.state end
from wanted w
where j.tenant_id = current_tenant()
    and j.run_id = $1
returning w.is_first
