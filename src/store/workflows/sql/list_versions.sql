-- list_versions :many  newest first  uses workflow_version_tenant_id_workflow_id_number_key  called by control/workflows
select id, workflow_id, number, definition, content_hash, published_by, published_at
from workflow_version
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
    and ($2::uuid is null or id < $2::uuid)
order by id desc
limit $3::int
