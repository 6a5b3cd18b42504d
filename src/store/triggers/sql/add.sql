-- add :one  fails on trigger_tenant_id_workflow_id_fkey for an unknown workflow  called by control/triggers
insert into trigger (
    tenant_id, id, workflow_id, kind, name, config, token_hash, sealed_token, sealed_secret, key_id
)
values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::json, $7::bytea, $8::bytea, $9::bytea, $10::uuid)
returning id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
