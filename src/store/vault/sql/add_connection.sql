-- add_connection :one  called by control/catalog
insert into connection (tenant_id, id, app_id, key, name, auth_kind, sealed, key_id)
values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7::bytea, $8::uuid)
returning id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_reason,
    created_at, updated_at
