-- replace_secret :optional  none when the revision has moved on  uses connection_pkey  called by control/catalog
update connection
set sealed = $4::bytea,
    key_id = $5::uuid,
    auth_kind = $3,
    revision = revision + 1,
    status = 'unverified',
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
    and revision = $2::int
returning id, app_id, key, name, auth_kind, revision, status, last_used_at, created_at, updated_at
