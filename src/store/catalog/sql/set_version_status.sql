-- set_version_status :optional  from one state to the next  uses app_version_pkey  called by control/catalog
update app_version
set status = $3,
    published_at = case when $3 = 'published' then clock_timestamp() else published_at end
where tenant_id = current_tenant()
    and id = $1::uuid
    and status = $2
returning id, app_id, major, minor, status, manifest, created_at, published_at
