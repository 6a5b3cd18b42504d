-- add_token :one  called by control/auth
insert into api_token (tenant_id, id, name, role, scopes, token_hash, hint, created_by, expires_at)
values (
    $1::uuid, $2::uuid, $3, $4, $5::text[], $6::bytea, $7, $8::uuid,
    clock_timestamp() + make_interval(days => $9::int)
)
returning id, name, role, array_to_json(scopes) as scopes, hint, created_by, created_at, last_used_at, expires_at
