-- find_published :optional  uses workflow_pkey  called by data/ingress before it refuses an input
select published_version_id
from workflow
where tenant_id = current_tenant()
    and id = $1::uuid
