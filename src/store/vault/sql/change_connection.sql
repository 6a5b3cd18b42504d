-- change_connection :optional  what is null stays  uses connection_pkey  called by control/catalog
-- A breaker that is switched off closes the circuit.
update connection
set name = coalesce($2, name),
    breaker_failures = coalesce($3::int, breaker_failures),
    breaker_within_ms = coalesce($4::bigint, breaker_within_ms),
    breaker_open_ms = coalesce($5::bigint, breaker_open_ms),
    circuit = case when $3::int = 0 then 'closed' else circuit end,
    circuit_until = case when $3::int = 0 then null else circuit_until end,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_reason,
    created_at, updated_at
