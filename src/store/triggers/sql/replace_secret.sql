-- replace_secret :optional  uses trigger_pkey  called by control/triggers
update trigger
set sealed_secret = $2::bytea,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
