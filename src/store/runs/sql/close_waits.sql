-- close_waits :exec  by key throughout  called by the journal writer in a flush that ends runs that may wait, or that lets go
-- of some of their waits; and by the engine at a wait's deadline  behind hold_jobs
-- All waits of a run when `$2` is null. The children that they wait for are asked to stop, and hear of it at once.
with closed as (
    update run_wait w
    set state = 'closed',
        ended_at = clock_timestamp()
    from unnest($1::uuid[], $2::text[], $3::bigint[]) as e (run_id, step_id, iteration)
    where w.tenant_id = current_tenant()
        and w.run_id = e.run_id
        and (e.step_id is null or (w.step_id = e.step_id and w.iteration = e.iteration))
        and w.state = 'open'
    returning w.run_id, w.child_run_id
)
update job j
set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp()),
    cancel_reason = coalesce(j.cancel_reason, 'The run that began it does not wait for it any more'),
    canceled_by_name = coalesce(j.canceled_by_name, h.canceled_by_name),
    run_at = least(j.run_at, clock_timestamp())
from (
    select k.place, p.canceled_by_name
    from closed c
    cross join lateral (
        select o.ctid as place from job o where o.tenant_id = current_tenant() and o.run_id = c.child_run_id offset 0
    ) k
    left join lateral (
        select o.canceled_by_name from job o where o.tenant_id = current_tenant() and o.run_id = c.run_id offset 0
    ) p on true
    limit 100000
) h
where j.ctid = h.place
