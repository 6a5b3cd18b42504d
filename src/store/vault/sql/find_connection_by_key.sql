-- find_connection_by_key :optional  uses connection_tenant_id_key_key  called when a workflow is published
select id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_reason,
    created_at, updated_at
from connection
where tenant_id = current_tenant()
    and key = $1
