-- list_actions :many  newest first  uses action_tenant_id_app_version_id_key_key  called by control/catalog
select id, app_version_id, key, name, definition, created_at, updated_at
from action
where tenant_id = current_tenant()
    and app_version_id = $1::uuid
    and ($2::uuid is null or id < $2::uuid)
order by id desc
limit $3::int
