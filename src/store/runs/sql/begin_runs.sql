-- begin_runs :exec  one row each  called by the journal writer in a flush of runs that begin others  behind hold_jobs
-- A repeated flush begins nothing twice: the run of this id may even have ended meanwhile. A child of a run that is asked to
-- stop begins as one that is asked to stop.
with given as materialized (
    select *
    from unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::int[], $9::smallint[],
        $10::boolean[]
    ) as g (
        run_id, workflow_id, workflow_version_id, cause, parent_run_id, parent_step_id, parent_iteration, parent_attempt,
        depth, is_awaited
    )
),
begun as (
    insert into workflow_run (
        tenant_id, id, workflow_id, workflow_version_id, cause, parent_run_id, parent_step_id, parent_iteration,
        parent_attempt, depth
    )
    select
        current_tenant(), g.run_id, g.workflow_id, g.workflow_version_id, g.cause, g.parent_run_id, g.parent_step_id,
        g.parent_iteration, g.parent_attempt, g.depth
    from given g
    on conflict do nothing
    returning id
)
insert into job (
    tenant_id, run_id, workflow_id, workflow_version_id, depth, parent_run_id, parent_step_id, parent_iteration,
    cancel_requested_at, cancel_reason, canceled_by_name
)
select
    current_tenant(), g.run_id, g.workflow_id, g.workflow_version_id, g.depth,
    case when g.is_awaited then g.parent_run_id end,
    case when g.is_awaited then g.parent_step_id end,
    case when g.is_awaited then g.parent_iteration end,
    p.cancel_requested_at,
    case when p.cancel_requested_at is not null then 'The run that began it was asked to stop' end,
    p.canceled_by_name
from begun b
join given g on g.run_id = b.id
left join lateral (
    select o.cancel_requested_at, o.canceled_by_name
    from job o
    where o.tenant_id = current_tenant() and o.run_id = g.parent_run_id and g.is_awaited
    offset 0
) p on true
