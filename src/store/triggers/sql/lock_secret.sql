-- lock_secret :optional  uses trigger_pkey  called by control/triggers before replace_secret
select sealed_secret
from trigger
where tenant_id = current_tenant()
    and id = $1::uuid
for update
