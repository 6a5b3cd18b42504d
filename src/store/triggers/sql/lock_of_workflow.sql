-- lock_of_workflow :exec  uses trigger_workflow_idx  called by control/workflows before it locks the workflow; see lock_schedule
select
from trigger_schedule s
join trigger t on t.tenant_id = s.tenant_id and t.id = s.trigger_id
where s.tenant_id = current_tenant()
    and t.workflow_id = $1::uuid
order by s.trigger_id
for update of s
