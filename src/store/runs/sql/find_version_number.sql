-- find_version_number :maybe  workflow_version's unique numbers  called by the API's run list
select v.id
from workflow_version v
where v.tenant_id = current_tenant() and v.workflow_id = $1::uuid and v.number = $2::int
