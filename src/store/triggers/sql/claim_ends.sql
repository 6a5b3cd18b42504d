-- claim_ends :many  uses run_end_age_idx, trigger_of_ends_idx, workflow_pkey  called by data/follower in the transaction that
-- begins what follows: the oldest ends, each with the triggers that wait for it, or none
-- Without names a trigger waits for what began by itself: what follows, or handles a failure, does not count.
with ended as materialized (
    delete from run_end e
    using (
        select o.tenant_id, o.run_id
        from run_end o
        order by o.ended_at
        limit $1::int
        for update skip locked
    ) h
    where e.tenant_id = h.tenant_id and e.run_id = h.run_id
    returning e.tenant_id, e.run_id, e.workflow_id, e.state, e.failure_kind, e.error, e.cause, e.depth
)
select
    e.tenant_id, e.run_id, coalesce(w.key, '') as workflow_key, e.state, e.failure_kind, e.error, e.depth::int as depth,
    t.id as trigger_id, coalesce(t.name, '') as trigger_name, t.flow, t.published_version_id
from ended e
left join lateral (
    select f.key from workflow f where f.tenant_id = e.tenant_id and f.id = e.workflow_id offset 0
) w on true
left join lateral (
    select a.id, a.name, b.flow, b.published_version_id
    from trigger a
    join workflow b on b.tenant_id = a.tenant_id and b.id = a.workflow_id
    where a.tenant_id = e.tenant_id
        and a.kind = 'event'
        and a.state = 'active'
        and a.config::jsonb -> 'on' ? e.state
        and case
            when a.config::jsonb -> 'workflows' is not null then a.config::jsonb -> 'workflows' ? w.key
            else a.workflow_id <> e.workflow_id and e.cause is distinct from 'follower' and e.cause is distinct from 'handler'
        end
    offset 0
) t on true
