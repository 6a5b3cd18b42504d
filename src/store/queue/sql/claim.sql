-- claim :many  uses tenant_queue_active_idx, job_ready_idx, job_ready_workflow_idx, job_leased_tenant_idx  called by data/dispatch on
-- each wake-up
-- Two levels, skip locked on both: tenants by virtual time, then their oldest due jobs, by turns of their workflows where not
-- all find room: 200 of them in a claim, behind those of the claim before if there are more. A tenant gets its weight's
-- share of the free slots, within the room that the worker has for it ($4, $5; others: $6).
-- Idle tenants stay `active` for a while (sweep_tenants): clearing the flag here would race with the next insert.
with recursive given as materialized (
    select g.tenant_id, g.room
    from unnest($4::uuid[], $5::int[]) as g (tenant_id, room)
),
candidate as materialized (
    select q.tenant_id, q.weight, q.vtime, q.inflight_max, q.turn_after, coalesce(g.room, $6::int) as room
    from tenant_queue q
    left join given g on g.tenant_id = q.tenant_id
    where q.active
        and coalesce(g.room, $6::int) > 0
        -- `offset 0`: a look for one job of the tenant, not a list of all that are due.
        and exists (
            select from job j where j.tenant_id = q.tenant_id and j.state = 'ready' and j.run_at <= now() offset 0
        )
        and (select count(*) from job l where l.tenant_id = q.tenant_id and l.state = 'leased') < q.inflight_max
    order by q.vtime
    limit 8
    for update of q skip locked
),
share as (
    select
        c.tenant_id, c.turn_after,
        least(
            ceil($2::int * c.weight / sum(c.weight) over ()),
            c.inflight_max
            - (select count(*) from job l where l.tenant_id = c.tenant_id and l.state = 'leased'),
            c.room
        )::int as room
    from candidate c
),
-- The oldest of each tenant: all that is due, or as many as it has room for.
head as materialized (
    select s.tenant_id, s.room, s.turn_after, d.place
    from share s
    cross join lateral (
        select j.ctid as place
        from job j
        where j.tenant_id = s.tenant_id and j.state = 'ready' and j.run_at <= now()
        order by j.run_at, j.run_id
        limit greatest(s.room, 0)
    ) d
),
-- More may be due than there is room for: then the workflows of the tenant come by turns.
crowded as materialized (
    select h.tenant_id, h.room, h.turn_after
    from head h
    group by h.tenant_id, h.room, h.turn_after
    having count(*) >= h.room
),
flow as (
    select
        c.tenant_id, c.room, 1 as number,
        coalesce(
            (
                select j.workflow_id
                from job j
                where j.tenant_id = c.tenant_id and j.state = 'ready' and j.workflow_id > c.turn_after
                order by j.workflow_id
                limit 1
            ),
            (
                select j.workflow_id
                from job j
                where j.tenant_id = c.tenant_id and j.state = 'ready'
                order by j.workflow_id
                limit 1
            )
        ) as workflow_id
    from crowded c
    union all
    select
        f.tenant_id, f.room, f.number + 1,
        (
            select j.workflow_id
            from job j
            where j.tenant_id = f.tenant_id and j.state = 'ready' and j.workflow_id > f.workflow_id
            order by j.workflow_id
            limit 1
        )
    from flow f
    where f.workflow_id is not null and f.number < 200
),
contended as materialized (
    select f.tenant_id from flow f group by f.tenant_id having count(f.workflow_id) > 1
),
-- Those under way count as turns had; of workflows that are level none comes first by its age or number.
turn as (
    select
        d.place, f.room,
        row_number() over (partition by f.tenant_id order by coalesce(u.jobs, 0) + d.number, random()) as number
    from contended o
    join flow f on f.tenant_id = o.tenant_id and f.workflow_id is not null
    left join lateral (
        select count(*) as jobs
        from job l
        where l.tenant_id = f.tenant_id and l.workflow_id = f.workflow_id and l.state = 'leased'
    ) u on true
    cross join lateral (
        select r.place, row_number() over (order by r.run_at, r.run_id) as number
        from (
            select j.ctid as place, j.run_at, j.run_id
            from job j
            where j.tenant_id = f.tenant_id
                -- Not `=`: the planner would go through all that is due of the tenant, in its order.
                and j.workflow_id >= f.workflow_id and j.workflow_id <= f.workflow_id
                and j.state = 'ready' and j.run_at <= now()
            order by j.workflow_id, j.run_at, j.run_id
            limit f.room
        ) r
    ) d
),
chosen as materialized (
    select h.place from head h where not exists (select from contended o where o.tenant_id = h.tenant_id)
    union all
    select t.place from turn t where t.number <= t.room
),
due as materialized (
    select j.ctid as place
    from chosen c
    join job j on j.ctid = c.place
    where j.state = 'ready'
    limit $2::int
    for update of j skip locked
),
-- By place: locked above, and one changed since this statement's snapshot is simply due again next time.
taken as (
    update job j
    set state = 'leased',
        epoch = j.epoch + 1,
        worker_id = $1::uuid,
        lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond',
        is_signaled = false -- whoever claims reads all that was answered
    from due d
    where j.ctid = d.place
    returning
        j.tenant_id, j.run_id, j.workflow_id, j.workflow_version_id, j.epoch, j.crashes, j.is_awaited,
        j.stage is not null or coalesce(j.flow ? 'breaker', false) as is_gated,
        j.depth, j.parent_run_id, coalesce(j.parent_step_id, '') as parent_step_id,
        coalesce(j.parent_iteration, 0) as parent_iteration,
        j.cancel_requested_at is not null as is_cancel_requested, coalesce(j.cancel_reason, '') as cancel_reason,
        coalesce(j.canceled_by_name, '') as canceled_by_name
),
charged as (
    update tenant_queue q
    set vtime = q.vtime + n.jobs / q.weight,
        charged_at = now(),
        turn_after = (
            select case when count(*) >= 200 then max(f.workflow_id::text)::uuid end
            from flow f
            where f.tenant_id = q.tenant_id and f.workflow_id is not null
        )
    from (select t.tenant_id, count(*) as jobs from taken t group by t.tenant_id) n
    where q.tenant_id = n.tenant_id
)
select
    t.tenant_id, t.run_id, t.workflow_id, t.workflow_version_id, t.epoch, t.crashes, t.is_awaited,
    t.is_gated, t.depth::int, t.parent_run_id, t.parent_step_id, t.parent_iteration, t.is_cancel_requested,
    t.cancel_reason, t.canceled_by_name, clock_timestamp() as claimed_at,
    -- Several tenants were due, or all that this one had room for was taken.
    (select count(*) > 1 or max(s.room) <= (select count(*) from taken) from share s) as may_be_more
from taken t
