-- find_version :optional  uses workflow_version_pkey  called by control/workflows
select id, workflow_id, number, definition, content_hash, published_by, published_at
from workflow_version
where tenant_id = current_tenant()
    and id = $1::uuid
