-- change :optional  null leaves a column as it is  uses workflow_pkey  called by control/workflows
update workflow
set name = coalesce($2, name),
    description = coalesce($3, description),
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
