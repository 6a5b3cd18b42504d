-- drop_of_workflow :many  uses trigger_workflow_idx  called when a workflow is deleted
delete from trigger
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
returning id
