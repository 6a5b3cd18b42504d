-- find_health :many  uses trigger_pkey  called by control/triggers
select t.id as trigger_id, trigger_health(t.*) as health, trigger_setup(t.*) as setup
from trigger t
where t.tenant_id = current_tenant()
    and t.id = any($1::uuid[])
