-- current_key :optional  uses tenant_key_tenant_id_class_version_key  called to seal a payload or webhook secret
select id, class, version, wrapped_key
from tenant_key
where tenant_id = $1::uuid
    and class = $2
order by version desc
limit 1
