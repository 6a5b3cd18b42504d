-- replace_secret :optional  none when the revision has moved on  uses connection_pkey  called by control/catalog
update connection
set sealed = $4::bytea,
    key_id = $5::uuid,
    auth_kind = $3,
    revision = revision + 1,
    state = 'untested',
    last_error_status = null,
    last_error_at = null,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
    and revision = $2::int
returning id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_reason,
    created_at, updated_at
