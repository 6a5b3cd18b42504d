-- change_action :optional  null leaves a column as it is  uses action_pkey  called after lock_draft_of_action
update action
set name = coalesce($2, name),
    definition = coalesce($3::json, definition),
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, app_version_id, key, name, definition, created_at, updated_at
