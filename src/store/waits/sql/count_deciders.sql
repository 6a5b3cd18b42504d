-- count_deciders :one  uses membership_pkey and app_user_pkey  called for each decision: members of these roles or addresses who
-- have not decided
select count(*)
from membership m
join app_user u on u.id = m.user_id
where m.tenant_id = current_tenant()
    and u.disabled_at is null
    and (m.role = any($1::text[]) or u.email = any($2::text[]))
    and not m.user_id::text = any($3::text[])
