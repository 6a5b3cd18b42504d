-- add_app :one  called by control/catalog
insert into app (tenant_id, id, key, name, description)
values ($1::uuid, $2::uuid, $3, $4, $5)
returning id, key, name, description, created_at, updated_at
