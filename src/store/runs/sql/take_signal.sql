-- take_signal :exec  by key  called by the engine before it reads what was answered while the run is under way
update job
set is_signaled = false
where tenant_id = current_tenant()
    and run_id = $1::uuid
    and epoch = $2::bigint
