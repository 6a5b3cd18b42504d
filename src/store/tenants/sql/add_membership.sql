-- add_membership :exec  one row; fails on membership_tenant_id_fkey when the tenant was not made  called by control/auth
insert into membership (tenant_id, user_id, role)
values ($1::uuid, $2::uuid, $3)
