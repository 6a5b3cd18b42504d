-- add_draft :optional  none when a draft exists  called by control/workflows
insert into workflow_draft (tenant_id, workflow_id, definition, content_hash, updated_by)
values ($1::uuid, $2::uuid, $3::json, sha256(convert_to($3::text, 'UTF8')), $4::uuid)
on conflict (tenant_id, workflow_id) do nothing
returning workflow_id, definition, revision, updated_by, updated_at, content_hash
