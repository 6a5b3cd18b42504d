-- replace_draft :optional  none when the revision has moved on; null takes any  uses workflow_draft_pkey  called by control/workflows
update workflow_draft
set definition = $2::json,
    content_hash = sha256(convert_to($2::text, 'UTF8')),
    revision = revision + 1,
    updated_by = $3::uuid,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
    and ($4::int is null or revision = $4::int)
returning workflow_id, definition, revision, updated_by, updated_at, content_hash
