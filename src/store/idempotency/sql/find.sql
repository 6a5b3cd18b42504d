-- find :optional  uses idempotency_key_pkey  called after try_lock, and before a keyed start
select request_hash, status, response, object_id
from idempotency_key
where tenant_id = $1::uuid
    and caller = $2::uuid
    and operation = $3
    and key = $4
    and created_at > clock_timestamp() - interval '24 hours'
