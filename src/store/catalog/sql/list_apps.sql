-- list_apps :many  newest first  uses app_pkey  called by control/catalog
select id, key, name, description, created_at, updated_at
from app
where tenant_id = current_tenant()
    and ($1::uuid is null or id < $1::uuid)
order by id desc
limit $2::int
