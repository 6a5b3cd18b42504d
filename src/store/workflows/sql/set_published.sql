-- set_published :exec  uses workflow_pkey  called by publish
update workflow
set published_version_id = $2::uuid,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
