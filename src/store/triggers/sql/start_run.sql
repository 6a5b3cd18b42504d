-- start_run :optional  workflow_pkey, workflow_version_pkey, idempotency_key_pkey  called by data/ingress for manual starts
-- As the tenant itself. `$3` null: the published version. With a key (`$13`), the key and the run begin together; a key
-- that is held names the run that holds it. Repeating it after an unknown outcome starts nothing twice.
-- `$18`: only if the run that it repeats is a dead letter yet, for which two of them wait for each other.
with letter as materialized (
    select d.run_id
    from dead_letter d
    where $18::boolean and d.tenant_id = current_tenant() and d.run_id = $4::uuid and d.state = 'open'
    for update
),
version as materialized (
    select w.id as workflow_id, v.id as version_id, case when w.flow is not null then $17::jsonb end as flow
    from workflow w
    join workflow_version v
        on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.id = coalesce($3::uuid, w.published_version_id)
    where w.tenant_id = current_tenant() and w.id = $2::uuid and w.state = 'active'
        and (not $18::boolean or exists (select from letter))
        -- As take_events: the keys are those of the rules, and the rate limit has room.
        and case
            when w.flow is null then true
            when $16::uuid is distinct from w.published_version_id then false
            when w.flow ? 'rate'
                and not exists (select from workflow_run o where o.tenant_id = current_tenant() and o.id = $1::uuid)
                -- A request that was carried out is no start: it spends nothing, and is answered where no room is left.
                and not exists (
                    select
                    from idempotency_key i
                    where i.tenant_id = current_tenant() and i.caller = $11::uuid and i.operation = $12::text
                        and i.key = $13::text
                ) then
                take_rate(row(w.tenant_id, w.id, 'rate', $17::jsonb ->> 'rate')::gate_ref, w.flow -> 'rate', null, null)
            else true
        end
    union all
    -- A test: also of a workflow that is switched off, and past its rules.
    select w.id, t.id, null
    from workflow w
    join test_version t on t.tenant_id = w.tenant_id and t.workflow_id = w.id and t.id = $3::uuid
    where w.tenant_id = current_tenant() and w.id = $2::uuid and w.state <> 'archived'
),
keyed as materialized (
    insert into idempotency_key as k (tenant_id, caller, operation, key, request_hash, object_id)
    select current_tenant(), $11::uuid, $12::text, $13::text, $14::bytea, $1::uuid
    from version
    where $13::text is not null
    -- Changes nothing, but answers what is there, though another process committed it while we waited.
    on conflict (tenant_id, caller, operation, key) do update
    set key = excluded.key
    returning k.object_id, k.request_hash = $14::bytea as is_same
),
run as (
    insert into workflow_run (tenant_id, id, workflow_id, workflow_version_id, rerun_of)
    select current_tenant(), $1::uuid, v.workflow_id, v.version_id, $4::uuid
    from version v
    where $13::text is null
        or exists (select from keyed k where k.object_id = $1::uuid)
    on conflict do nothing
    returning id, workflow_id, workflow_version_id
),
value as (
    insert into payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    select current_tenant(), r.id, v.slot, v.size_bytes, v.codec, v.key_id, v.data, v.blob_ref
    from unnest($5::text[], $6::int[], $7::smallint[], $8::uuid[], $9::bytea[], $10::text[])
    as v (slot, size_bytes, codec, key_id, data, blob_ref)
    cross join run r
),
queued as (
    insert into job (tenant_id, run_id, workflow_id, workflow_version_id, epoch, run_at, state, flow, stage, gate)
    select
        current_tenant(), r.id, r.workflow_id, r.workflow_version_id, $15::bigint,
        clock_timestamp() - coalesce((v.flow ->> 'priority')::int, 0) * interval '1 second',
        case when next_gate(v.flow, null) is null then 'ready' else 'held' end,
        v.flow, next_gate(v.flow, null), v.flow ->> next_gate(v.flow, null)
    from run r
    cross join version v
)
select r.id, r.workflow_id, true as is_same from run r
union all
select w.id, w.workflow_id, true as is_same from workflow_run w where w.tenant_id = current_tenant() and w.id = $1::uuid
union all
select k.object_id, null, k.is_same from keyed k where k.object_id <> $1::uuid
