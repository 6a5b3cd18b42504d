-- lock :optional  the workflow's row, so that two publishes number their versions one after the other  called by publish
select id
from workflow
where tenant_id = current_tenant()
    and id = $1::uuid
for update
