-- take_events :many  trigger_pkey, workflow_pkey, trigger_event_pkey  called by data/ingress, once per flush
-- The inbox of all tenants at once: event, run, values and job of each delivery that is new, whose trigger is active and
-- whose workflow is active and published at this moment. Answers the runs it made; find_events tells the rest.
with given as materialized (
    select *
    from unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $12::boolean[], $13::uuid[], $14::text[], $15::uuid[],
        $16::smallint[]
    ) with ordinality
    as g (tenant_id, trigger_id, dedupe_key, run_id, is_awaited, flow_version_id, flow, follows, depth, place)
),
-- Where the workflow has rules (core/flow), those that an event's keys were read for are still the published ones, and the
-- rate limit has room.
live as materialized (
    select
        o.tenant_id, o.trigger_id, o.dedupe_key, o.run_id, o.is_awaited, o.follows, o.depth, o.place, o.workflow_id,
        o.published_version_id, o.flow
    from (
        select
            g.tenant_id, g.trigger_id, g.dedupe_key, g.run_id, g.is_awaited, g.follows, g.depth, g.place,
            w.id as workflow_id, w.published_version_id, case when w.flow is not null then g.flow::jsonb end as flow,
            w.flow -> 'rate' as rate
        from given g
        join trigger t on t.tenant_id = g.tenant_id and t.id = g.trigger_id and t.state = 'active'
        join workflow w
            on w.tenant_id = t.tenant_id and w.id = t.workflow_id and w.state = 'active' and w.published_version_id is not null
        where w.flow is null or g.flow_version_id = w.published_version_id
        -- One order for all processes, or they deadlock on what is left of the rates.
        order by w.tenant_id, w.id, g.flow::jsonb ->> 'rate', g.place
        offset 0
    ) o
    where o.rate is null
        or take_rate(
            row(o.tenant_id, o.workflow_id, 'rate', o.flow ->> 'rate')::gate_ref, o.rate, o.trigger_id, o.dedupe_key
        )
),
event as (
    insert into trigger_event (tenant_id, trigger_id, dedupe_key, run_id)
    select l.tenant_id, l.trigger_id, l.dedupe_key, l.run_id
    from live l
    order by l.tenant_id, l.trigger_id, l.dedupe_key -- one order for all processes, or they deadlock on repeats
    on conflict do nothing
    returning run_id
),
begun as materialized (
    select l.tenant_id, l.run_id, l.trigger_id, l.workflow_id, l.published_version_id, l.is_awaited, l.place,
        l.flow, l.follows, l.depth
    from event e
    join live l on l.run_id = e.run_id
),
run as (
    insert into workflow_run (
        tenant_id, id, workflow_id, workflow_version_id, trigger_id, cause, parent_run_id, depth
    )
    select
        b.tenant_id, b.run_id, b.workflow_id, b.published_version_id, b.trigger_id,
        case when b.follows is not null then 'follower' end, b.follows, b.depth
    from begun b
),
value as (
    insert into payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    select b.tenant_id, b.run_id, v.slot, v.size_bytes, v.codec, v.key_id, v.data, v.blob_ref
    from unnest($5::uuid[], $6::text[], $7::int[], $8::smallint[], $9::uuid[], $10::bytea[], $11::text[])
    as v (run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    join begun b on b.run_id = v.run_id
),
queued as (
    insert into job (tenant_id, run_id, workflow_id, workflow_version_id, is_awaited, depth, run_at, state, flow, stage, gate)
    select
        b.tenant_id, b.run_id, b.workflow_id, b.published_version_id, b.is_awaited, b.depth,
        -- In the order in which they came.
        statement_timestamp() + b.place * interval '1 microsecond'
        - coalesce((b.flow ->> 'priority')::int, 0) * interval '1 second',
        case when next_gate(b.flow, null) is null then 'ready' else 'held' end,
        b.flow, next_gate(b.flow, null), b.flow ->> next_gate(b.flow, null)
    from begun b
)
select b.run_id, b.workflow_id from begun b
