-- drop :optional  never published ones only; the draft goes with it  uses workflow_pkey  called by control/workflows
delete from workflow
where tenant_id = current_tenant()
    and id = $1::uuid
    and published_version_id is null
returning id
