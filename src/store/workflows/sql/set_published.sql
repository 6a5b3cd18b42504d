-- set_published :exec  `$3`: the draft that it was made from  uses workflow_pkey  called by publish
update workflow
set published_version_id = $2::uuid,
    published_hash = $3::bytea,
    flow = (select (v.compiled -> 'flow')::jsonb from workflow_version v where v.tenant_id = current_tenant() and v.id = $2::uuid),
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
