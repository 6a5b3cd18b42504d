-- claim_ends :many  uses run_end_age_idx, trigger_of_ends_idx, trigger_sample_pkey, alert_rule_active_idx, workflow_pkey
-- Called by data/follower in the transaction that begins what follows: the oldest ends, each with the triggers that wait for
-- it, or none; those, too, that somebody listens for while they are inactive.
-- In the same breath the alerts that tell of them are noted: the first 100 of a message by name, the others by number. Rules
-- are locked in the order of their key, since several look at ends at a time.
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
    returning e.tenant_id, e.run_id, e.workflow_id, e.state, e.failure_kind, e.error, e.cause, e.depth, e.ended_at
),
told as materialized (
    select e.tenant_id, r.id as rule_id, e.run_id, e.workflow_id, e.state, e.failure_kind, e.error, e.ended_at
    from ended e
    cross join lateral (
        select a.id
        from alert_rule a
        where a.tenant_id = e.tenant_id
            and a.state = 'active'
            and e.state = any(a.states)
            and (a.workflow_id is null or a.workflow_id = e.workflow_id)
            and (e.state <> 'failed' or a.failure_kinds is null or e.failure_kind = any(a.failure_kinds))
        offset 0
    ) r
),
held as materialized (
    select a.tenant_id, a.id, a.pending
    from alert_rule a
    where a.state = 'active' and (a.tenant_id, a.id) in (select t.tenant_id, t.rule_id from told t)
    order by a.tenant_id, a.id
    for no key update
),
named as (
    insert into alert (tenant_id, rule_id, run_id, workflow_id, state, failure_kind, message, ended_at)
    select t.tenant_id, t.rule_id, t.run_id, t.workflow_id, t.state, t.failure_kind, left(t.error ->> 'message', 300), t.ended_at
    from (
        select o.*, h.pending + row_number() over (partition by o.tenant_id, o.rule_id order by o.ended_at) as place
        from told o
        join held h on h.tenant_id = o.tenant_id and h.id = o.rule_id
    ) t
    where t.place <= 100
    on conflict do nothing
),
counted as (
    update alert_rule a
    set pending = a.pending + n.ends,
        due_at = coalesce(a.due_at, clock_timestamp() + a.group_ms * interval '1 millisecond')
    from (select t.tenant_id, t.rule_id, count(*) as ends from told t group by t.tenant_id, t.rule_id) n
    where a.tenant_id = n.tenant_id and a.id = n.rule_id and a.state = 'active' and (select count(*) from held) > 0
)
select
    e.tenant_id, e.run_id, coalesce(w.key, '') as workflow_key, e.state, e.failure_kind, e.error, e.depth::int as depth,
    t.id as trigger_id, coalesce(t.name, '') as trigger_name, coalesce(t.is_live, false) as is_live,
    coalesce(t.is_listening, false) as is_listening, t.flow, t.published_version_id
from ended e
left join lateral (
    select f.key from workflow f where f.tenant_id = e.tenant_id and f.id = e.workflow_id offset 0
) w on true
left join lateral (
    select a.id, a.name, a.state = 'active' as is_live, c.is_listening, b.flow, b.published_version_id
    from (
        select o.id, bool_or(o.is_listening) as is_listening
        from (
            select i.id, false as is_listening
            from trigger i
            where i.tenant_id = e.tenant_id and i.kind = 'event' and i.state = 'active'
            union all
            select s.trigger_id, true
            from trigger_sample s
            where s.tenant_id = e.tenant_id and s.listen_until > statement_timestamp()
        ) o
        group by o.id
    ) c
    join trigger a on a.tenant_id = e.tenant_id and a.id = c.id
    join workflow b on b.tenant_id = a.tenant_id and b.id = a.workflow_id
    where a.tenant_id = e.tenant_id
        and a.kind = 'event'
        and a.config::jsonb -> 'on' ? e.state
        and case
            when a.config::jsonb -> 'workflows' is not null then a.config::jsonb -> 'workflows' ? w.key
            else a.workflow_id <> e.workflow_id and e.cause is distinct from 'follower' and e.cause is distinct from 'handler'
        end
    offset 0
) t on true
