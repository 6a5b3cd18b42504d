-- start_run :optional  workflow_pkey, workflow_version_pkey  called by data/ingress for manual starts and re-runs
-- As the tenant itself. `$3` null: the published version. Repeating it after an unknown outcome starts nothing twice.
with version as materialized (
    select w.id as workflow_id, v.id as version_id
    from workflow w
    join workflow_version v
        on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.id = coalesce($3::uuid, w.published_version_id)
    where w.tenant_id = current_tenant() and w.id = $2::uuid
),
run as (
    insert into workflow_run (tenant_id, id, workflow_id, workflow_version_id, rerun_of)
    select current_tenant(), $1::uuid, v.workflow_id, v.version_id, $4::uuid
    from version v
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
    insert into job (tenant_id, run_id, workflow_id, workflow_version_id)
    select current_tenant(), r.id, r.workflow_id, r.workflow_version_id
    from run r
)
select r.id, r.workflow_id from run r
union all
select w.id, w.workflow_id from workflow_run w where w.tenant_id = current_tenant() and w.id = $1::uuid
