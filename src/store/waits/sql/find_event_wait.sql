-- find_event_wait :optional  uses run_wait_event_idx and job's key  called behind lock_event: the run that waits longest
-- Locks the job, as every answer does. Of those that wait, one that is being canceled does not count.
select w.tenant_id, w.run_id, w.step_id, w.iteration
from (
    select o.tenant_id, o.run_id, o.step_id, o.iteration
    from run_wait o
    where o.tenant_id = current_tenant()
        and o.event_name = $1::text
        and o.event_key = $2::text
        and o.state = 'open'
        and o.kind = 'event'
        and o.deadline_at > clock_timestamp()
    order by o.opened_at
    limit 20
) w
cross join lateral (
    select
    from job j
    where j.tenant_id = w.tenant_id and j.run_id = w.run_id and j.cancel_requested_at is null
    for update of j
) l
limit 1
