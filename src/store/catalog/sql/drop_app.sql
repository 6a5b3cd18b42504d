-- drop_app :optional  versions and actions go with it, connections forbid it  uses app_pkey  called by control/catalog
delete from app
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
