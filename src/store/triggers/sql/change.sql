-- change :optional  null leaves a column as it is  uses trigger_pkey  called by control/triggers
update trigger
set name = coalesce($2, name),
    config = coalesce($3::json, config),
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
