-- mark_canceled :optional  none when the run has no job, that is, has ended; true for the first time asked  uses job_pkey
with wanted as (
    select tenant_id, run_id, cancel_requested_at is null as is_first
    from job
    where tenant_id = current_tenant()
        and run_id = $1::uuid
    for update
)

update job j
set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp()),
    cancel_reason = coalesce(j.cancel_reason, $2),
    run_at = least(j.run_at, clock_timestamp())
from wanted w
where j.tenant_id = w.tenant_id
    and j.run_id = w.run_id
returning w.is_first
