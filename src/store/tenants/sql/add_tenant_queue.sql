-- add_tenant_queue :exec  one row: the tenant's place in the queue  called by control/auth when a tenant is made
insert into tenant_queue (tenant_id)
values ($1::uuid)
