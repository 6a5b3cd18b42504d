-- lock :optional  the workflow's row, so that publishing, switching and deleting happen one after the other  called by these
select id
from workflow
where tenant_id = current_tenant()
    and id = $1::uuid
for update
