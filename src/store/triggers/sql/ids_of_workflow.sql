-- ids_of_workflow :many  uses trigger_workflow_idx  called when what the triggers of a workflow start has changed
select id
from trigger
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
