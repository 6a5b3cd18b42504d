-- close_circuit :optional  uses connection_pkey  called by control/catalog
-- What a call that is trying says afterwards counts nothing: its number is no longer the last.
update connection
set circuit = 'closed',
    circuit_until = null,
    circuit_opens = 0,
    circuit_probe = circuit_probe + 1
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_reason,
    created_at, updated_at
