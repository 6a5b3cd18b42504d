-- find_version :optional  uses app_version_pkey  called by control/catalog
select id, app_id, major, minor, state, manifest, created_at, published_at
from app_version
where tenant_id = current_tenant()
    and id = $1::uuid
