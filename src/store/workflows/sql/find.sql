-- find :optional  uses workflow_pkey  called by control/workflows
select
    w.id, w.key, w.name, w.description, w.state, w.published_version_id, v.number as published_number,
    has_unpublished_changes(w.*), w.created_at, w.updated_at
from workflow w
left join workflow_version v on v.tenant_id = w.tenant_id and v.id = w.published_version_id
where w.tenant_id = current_tenant()
    and w.id = $1::uuid
