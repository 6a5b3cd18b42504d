-- find_action :optional  uses action_pkey  called by control/catalog
select id, app_version_id, key, name, definition, created_at, updated_at
from action
where tenant_id = current_tenant()
    and id = $1::uuid
