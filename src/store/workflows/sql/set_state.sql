-- set_state :exec  uses workflow_pkey  called by control/workflows, under lock
update workflow
set state = $2,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
