-- find_callee :optional  uses workflow_tenant_id_key_key  called by the engine for a workflow that a run begins
select w.id, w.state, w.state = 'active' as is_active, w.published_version_id
from workflow w
where w.tenant_id = current_tenant()
    and w.key = $1::text
