-- end_pause :exec  uses workflow_pause_pkey  called by control/workflows
-- What stands before the gate passes when a worker turns it next, within seconds.
with gone as (
    delete from workflow_pause p
    where p.tenant_id = current_tenant()
        and p.workflow_id = $1::uuid
    returning p.workflow_id
)
insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
select current_tenant(), g.workflow_id, 'breaker', '', clock_timestamp(), clock_timestamp()
from gone g
on conflict (tenant_id, workflow_id, stage, gate) do update
set due_at = excluded.due_at
