-- wake_tenant :exec  a job of a tenant without others is found by the next claim  uses tenant_queue_pkey
update tenant_queue
set active = true
where tenant_id = current_tenant()
    and not active
