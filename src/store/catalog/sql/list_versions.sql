-- list_versions :many  newest first  uses app_version_tenant_id_app_id_major_minor_key  called by control/catalog
select id, app_id, major, minor, state, manifest, created_at, published_at
from app_version
where tenant_id = current_tenant()
    and app_id = $1::uuid
    and ($2::uuid is null or id < $2::uuid)
order by id desc
limit $3::int
