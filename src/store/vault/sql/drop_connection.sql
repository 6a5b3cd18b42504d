-- drop_connection :optional  uses connection_pkey  called by control/catalog
delete from connection
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
