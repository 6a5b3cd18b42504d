-- drop :optional  uses trigger_pkey  called by control/triggers
delete from trigger
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
