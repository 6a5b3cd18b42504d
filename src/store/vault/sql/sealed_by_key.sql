-- sealed_by_key :optional  uses connection_tenant_id_key_key  called by the worker's vault
select id, app_id, key, auth_kind, revision, sealed, key_id, name,
    breaker_failures, breaker_within_ms, circuit, circuit_until, circuit_reason
from connection
where tenant_id = current_tenant()
    and key = $1
