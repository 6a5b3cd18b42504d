-- public_key :optional  uses tenant_key_tenant_id_class_version_key  called by the api before it seals a connection
select id, public_key
from tenant_key
where tenant_id = current_tenant()
    and class = 'vault'
order by version desc
limit 1
