-- find_session :optional  uses session_token_hash_key  called by control/auth for each request with a cookie
select
    s.tenant_id, t.slug as tenant_slug, t.name as tenant_name, s.user_id, u.email, u.name as user_name, m.role,
    s.id as session_id, s.last_seen_at < clock_timestamp() - interval '1 minute' as is_touch_due,
    ceil(1000 * extract(epoch from s.expires_at - clock_timestamp()))::bigint as expires_in_ms
from session s
join membership m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
join app_user u on u.id = s.user_id
join tenant t on t.id = s.tenant_id
where s.token_hash = $1::bytea
    and s.expires_at > clock_timestamp()
    and s.last_seen_at > clock_timestamp() - interval '12 hours'
    and u.disabled_at is null
