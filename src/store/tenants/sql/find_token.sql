-- find_token :optional  uses api_token_token_hash_key  called by control/auth for each request with a bearer token
select
    k.tenant_id, t.slug as tenant_slug, t.name as tenant_name, k.created_by as user_id, u.email, u.name as user_name,
    m.role, k.id as token_id, k.role as token_role, array_to_json(k.scopes) as scopes,
    k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '1 minute' as is_touch_due,
    ceil(1000 * extract(epoch from k.expires_at - clock_timestamp()))::bigint as expires_in_ms
from api_token k
join membership m on m.tenant_id = k.tenant_id and m.user_id = k.created_by
join app_user u on u.id = k.created_by
join tenant t on t.id = k.tenant_id
where k.token_hash = $1::bytea
    and k.revoked_at is null
    and k.expires_at > clock_timestamp()
    and u.disabled_at is null
