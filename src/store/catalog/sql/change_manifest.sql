-- change_manifest :optional  drafts only  uses app_version_pkey  called by control/catalog
update app_version
set manifest = $2::json
where tenant_id = current_tenant()
    and id = $1::uuid
    and state = 'draft'
returning id, app_id, major, minor, state, manifest, created_at, published_at
