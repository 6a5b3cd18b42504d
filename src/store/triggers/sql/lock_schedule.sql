-- lock_schedule :exec  uses trigger_schedule_pkey  called by control/triggers before it changes the trigger
-- The scheduler holds this row while it refers to trigger and workflow: who takes them first and this one then, deadlocks.
select
from trigger_schedule
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
for update
