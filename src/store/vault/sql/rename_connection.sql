-- rename_connection :optional  uses connection_pkey  called by control/catalog
update connection
set name = $2, updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, app_id, key, name, auth_kind, revision, state, last_used_at, last_error_status, last_error_at,
    created_at, updated_at
