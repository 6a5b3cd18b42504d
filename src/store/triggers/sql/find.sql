-- find :optional  uses trigger_pkey  called by control/triggers
select id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
from trigger
where tenant_id = current_tenant()
    and id = $1::uuid
