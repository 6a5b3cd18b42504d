-- sweep_tenants :one  skips through job_ready_idx  called by data/dispatch every second in each worker
-- Wakes tenants whose insert raced with a sweep; `$1` also puts those to sleep that have no job and have had none for a
-- while (less often: each time may race with an insert, so the caller looks again soon). Woken tenants start at the least
-- virtual time of the active ones: idling earns no credit.
with recursive waiting as (
    (select j.tenant_id from job j where j.state = 'ready' order by j.tenant_id limit 1)
    union all
    select (
        select j.tenant_id
        from job j
        where j.state = 'ready' and j.tenant_id > w.tenant_id
        order by j.tenant_id
        limit 1
    )
    from waiting w
    where w.tenant_id is not null
),
asleep as materialized (
    select q.tenant_id
    from waiting w
    join tenant_queue q on q.tenant_id = w.tenant_id
    where not q.active
        and exists (select from job j where j.tenant_id = q.tenant_id and j.state = 'ready' and j.run_at <= now())
    for update of q skip locked
),
woken as (
    update tenant_queue q
    set active = true,
        vtime = greatest(q.vtime, (select coalesce(min(o.vtime), 0) from tenant_queue o where o.active))
    from asleep a
    where q.tenant_id = a.tenant_id
    returning q.tenant_id
),
idle as materialized (
    select q.tenant_id
    from tenant_queue q
    where $1::boolean
        and q.active
        and q.charged_at < now() - interval '10 seconds'
        and not exists (select from job j where j.tenant_id = q.tenant_id)
    for update of q skip locked
),
slept as (
    update tenant_queue q
    set active = false
    from idle i
    where q.tenant_id = i.tenant_id
)
select count(*) from woken
