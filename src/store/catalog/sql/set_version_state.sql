-- set_version_state :optional  from one state to the next  uses app_version_pkey  called by control/catalog
update app_version
set state = $3,
    published_at = case when $3 = 'published' then coalesce(published_at, clock_timestamp()) else published_at end
where tenant_id = current_tenant()
    and id = $1::uuid
    and state = $2
returning id, app_id, major, minor, state, manifest, created_at, published_at
