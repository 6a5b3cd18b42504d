-- add_version :one  called by publish
insert into workflow_version (
    tenant_id, id, workflow_id, number, definition, compiled, content_hash, published_by
)
values ($1::uuid, $2::uuid, $3::uuid, $4::int, $5::json, $6::json, $7::bytea, $8::uuid)
returning id, workflow_id, number, definition, content_hash, published_by, published_at
