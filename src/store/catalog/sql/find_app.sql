-- find_app :optional  uses app_pkey  called by control/catalog
select id, key, name, description, created_at, updated_at
from app
where tenant_id = current_tenant()
    and id = $1::uuid
