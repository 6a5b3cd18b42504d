-- count_day :one  uses trigger_pkey, workflow_run_by_trigger_idx, trigger_miss_pkey  called by control/triggers
-- How a trigger fares, and of its last 24 hours at most `$2` runs.
select
    trigger_health(t.*) as health,
    last.created_at as event_at,
    last.id as last_run_id,
    miss.last_at as missed_at,
    miss.reason as missed_reason,
    miss.detail as missed_detail,
    (
        select count(*)
        from (
            select
            from workflow_run r
            where r.tenant_id = t.tenant_id
                and r.trigger_id = t.id
                and r.id >= (
                    rpad(lpad(to_hex((extract(epoch from day.start) * 1000)::bigint), 12, '0'), 32, '0')
                )::uuid
            limit $2::int
        ) counted
    ) as runs,
    (
        select coalesce(sum(m.events), 0)::bigint
        from trigger_miss m
        where m.tenant_id = t.tenant_id
            and m.trigger_id = t.id
            and m.minute >= day.start
    ) as missed
from trigger t
cross join (select statement_timestamp() - interval '1 day' as start) day
left join lateral (
    select r.id, r.created_at
    from workflow_run r
    where r.tenant_id = t.tenant_id
        and r.trigger_id = t.id
    order by r.id desc
    limit 1
) last on true
left join lateral (
    select m.last_at, m.reason, m.detail
    from trigger_miss m
    where m.tenant_id = t.tenant_id
        and m.trigger_id = t.id
    order by m.minute desc, m.last_at desc
    limit 1
) miss on true
where t.tenant_id = current_tenant()
    and t.id = $1::uuid
