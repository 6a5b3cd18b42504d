-- list_triggers_of_kind :many  trigger_pkey, the tenant's rows  called by the API's run list
select t.id
from trigger t
where t.tenant_id = current_tenant() and t.kind = $1::text and ($2::uuid is null or t.workflow_id = $2::uuid)
limit $3::int
