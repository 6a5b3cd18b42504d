-- find_login :many  one row per membership  uses app_user_email_key  called by control/auth for a login
select
    u.id as user_id, u.password_hash, u.name as user_name, u.disabled_at is not null as is_disabled, m.tenant_id, t.slug,
    t.name as tenant_name, m.role
from app_user u
left join membership m on m.user_id = u.id
left join tenant t on t.id = m.tenant_id
where u.email = $1
order by t.slug
