-- newest_version :optional  uses workflow_version_tenant_id_workflow_id_number_key  called by publish
select id, workflow_id, number, definition, content_hash, published_by, published_at
from workflow_version
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
order by number desc
limit 1
