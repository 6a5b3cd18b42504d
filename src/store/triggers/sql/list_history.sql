-- list_history :many  newest first, backwards  uses workflow_run_by_trigger_idx, trigger_miss_pkey  called by control/triggers
-- Runs, and what there was no run for: that has a key in the order of run ids, by the time that it was last seen.
select h.id, h.at, h.run_id, h.state, h.reason, h.events, h.detail
from (
    (
        select
            r.id, r.created_at as at, r.id as run_id, r.state, null::text as reason, 1::bigint as events,
            null::text as detail
        from workflow_run r
        where r.tenant_id = current_tenant()
            and r.trigger_id = $1::uuid
            and ($2::uuid is null or r.id < $2)
        order by r.id desc
        limit $3::int
    )
    union all
    (
        select m.id, m.last_at, null, null, m.reason, m.events, m.detail
        from (
            select
                o.*,
                (
                    lpad(to_hex((extract(epoch from o.last_at) * 1000)::bigint), 12, '0') || left(md5(o.reason), 20)
                )::uuid as id
            from trigger_miss o
            where o.tenant_id = current_tenant()
                and o.trigger_id = $1::uuid
        ) m
        where $2::uuid is null or m.id < $2
        order by m.id desc
        limit $3::int
    )
) h
order by h.id desc
limit $3::int
