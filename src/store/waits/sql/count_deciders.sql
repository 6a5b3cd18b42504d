-- count_deciders :one  uses membership_pkey  called for each decision: how many have one of these roles
select count(*)
from membership m
where m.tenant_id = current_tenant()
    and m.role = any($1::text[])
