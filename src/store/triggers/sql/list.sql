-- list :many  newest first  uses trigger_workflow_idx  called by control/triggers
select id, workflow_id, kind, name, state, config, sealed_token, sealed_secret is not null as has_secret, key_id,
    created_at, updated_at
from trigger
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
    and ($2::uuid is null or id < $2::uuid)
order by id desc
limit $3::int
