-- find :optional  uses idempotency_key_pkey  called after try_lock
select request_hash, status, response
from idempotency_key
where tenant_id = $1::uuid
    and operation = $2
    and key = $3
    and status is not null
    and created_at > clock_timestamp() - interval '24 hours'
