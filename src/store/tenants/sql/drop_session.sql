-- drop_session :exec  uses session_pkey  called by control/auth for a logout
delete from session
where tenant_id = current_tenant()
    and id = $1::uuid
