-- active_of_workflow :many  uses trigger_workflow_idx  called by control/workflows before it publishes
select id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
from trigger
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
    and kind = $2
    and state = 'active'
order by id
