-- change_app :optional  null leaves a column as it is  uses app_pkey  called by control/catalog
update app
set name = coalesce($2, name),
    description = coalesce($3, description),
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, key, name, description, created_at, updated_at
