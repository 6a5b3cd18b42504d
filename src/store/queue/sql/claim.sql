-- claim :many  uses tenant_queue_active_idx, job_ready_idx, job_leased_tenant_idx  called by data/dispatch on each wake-up
-- Two levels, skip locked on both: tenants by virtual time, then their oldest due jobs. A tenant gets its weight's
-- share of the free slots, within the room that the worker has for it ($4, $5; others: $6).
-- Idle tenants stay `active` for a while (sweep_tenants): clearing the flag here would race with the next insert.
with given as materialized (
    select g.tenant_id, g.room
    from unnest($4::uuid[], $5::int[]) as g (tenant_id, room)
),
candidate as materialized (
    select q.tenant_id, q.weight, q.vtime, q.inflight_max, coalesce(g.room, $6::int) as room
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
        c.tenant_id,
        least(
            ceil($2::int * c.weight / sum(c.weight) over ()),
            c.inflight_max
            - (select count(*) from job l where l.tenant_id = c.tenant_id and l.state = 'leased'),
            c.room
        )::int as room
    from candidate c
),
due as materialized (
    select d.place
    from share s
    cross join lateral (
        select j.ctid as place
        from job j
        where j.tenant_id = s.tenant_id and j.state = 'ready' and j.run_at <= now()
        order by j.run_at, j.run_id
        limit greatest(s.room, 0)
        for update of j skip locked
    ) d
    limit $2::int
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
        j.stage is not null as is_gated,
        j.cancel_requested_at is not null as is_cancel_requested, coalesce(j.cancel_reason, '') as cancel_reason,
        coalesce(j.canceled_by_name, '') as canceled_by_name
),
charged as (
    update tenant_queue q
    set vtime = q.vtime + n.jobs / q.weight,
        charged_at = now()
    from (select t.tenant_id, count(*) as jobs from taken t group by t.tenant_id) n
    where q.tenant_id = n.tenant_id
)
select
    t.tenant_id, t.run_id, t.workflow_id, t.workflow_version_id, t.epoch, t.crashes, t.is_awaited,
    t.is_gated, t.is_cancel_requested, t.cancel_reason, t.canceled_by_name, clock_timestamp() as claimed_at,
    -- Several tenants were due, or all that this one had room for was taken.
    (select count(*) > 1 or max(s.room) <= (select count(*) from taken) from share s) as may_be_more
from taken t
