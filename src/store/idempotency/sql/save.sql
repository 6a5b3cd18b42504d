-- save :exec  one row; replaces an answer older than 24 h  called in the create's transaction
insert into idempotency_key (tenant_id, caller, operation, key, request_hash, status, response)
values ($1::uuid, $2::uuid, $3, $4, $5::bytea, $6::int, $7)
on conflict (tenant_id, caller, operation, key) do update
set request_hash = excluded.request_hash,
    status = excluded.status,
    response = excluded.response,
    created_at = clock_timestamp()
