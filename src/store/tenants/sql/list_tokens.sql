-- list_tokens :many  newest first, live ones  uses api_token_pkey  called by control/auth
select id, name, role, array_to_json(scopes) as scopes, hint, created_by, created_at, last_used_at, expires_at
from api_token
where tenant_id = current_tenant()
    and ($1::uuid is null or id < $1::uuid)
    and ($3::uuid is null or created_by = $3::uuid)
    and revoked_at is null
    and expires_at > clock_timestamp()
order by id desc
limit $2::int
