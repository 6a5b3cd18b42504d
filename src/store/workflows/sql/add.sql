-- add :exec  one row  called by control/workflows
insert into workflow (tenant_id, id, key, name, description)
values ($1::uuid, $2::uuid, $3, $4, $5)
