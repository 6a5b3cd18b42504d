-- find_draft :optional  uses workflow_draft_pkey  called by control/workflows
select workflow_id, definition, revision, updated_by, updated_at, content_hash
from workflow_draft
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
