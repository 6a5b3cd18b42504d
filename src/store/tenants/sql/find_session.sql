-- find_session :optional  uses session_token_hash_key  called by control/auth for each request with a cookie
select
    s.tenant_id, t.slug, t.name, s.user_id, u.email, u.name, m.role, s.id,
    s.last_seen_at < clock_timestamp() - interval '1 minute',
    ceil(1000 * extract(epoch from s.expires_at - clock_timestamp()))::bigint
from session s
join membership m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
join app_user u on u.id = s.user_id
join tenant t on t.id = s.tenant_id
where s.token_hash = $1::bytea
    and s.expires_at > clock_timestamp()
    and s.last_seen_at > clock_timestamp() - interval '12 hours'
    and u.disabled_at is null
