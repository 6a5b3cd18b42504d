-- key_by_id :optional  uses tenant_key_pkey  called to open what names this key
select id, class, version, wrapped_key
from tenant_key
where tenant_id = $1::uuid
    and id = $2::uuid
