-- drop :exec  its draft and versions go with it, triggers must be gone  uses workflow_pkey  called by control/workflows, under lock
delete from workflow
where tenant_id = current_tenant()
    and id = $1::uuid
