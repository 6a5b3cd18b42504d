-- add_action :one  called by control/catalog after lock_draft
insert into action (tenant_id, id, app_version_id, key, name, definition)
values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::json)
returning id, app_version_id, key, name, definition, created_at, updated_at
