-- plan_of_workflow :exec  uses trigger_workflow_idx  called when a workflow is published, switched on or off, or put away
-- Behind lock_of_workflow: a scheduler that has seen the state before has ended, and what it left is seen here.
-- Those that may fire now and could not before begin now; those that may not any more stop. The others stay as they are.
with found as (
    select
        s.trigger_id, s.due_at is not null as was_live,
        t.state = 'active' and w.state = 'active' and w.published_version_id is not null as is_live
    from trigger t
    join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
    join trigger_schedule s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
    where t.tenant_id = current_tenant()
        and t.workflow_id = $1::uuid
)
update trigger_schedule s
set settled_at = clock_timestamp(),
    due_at = case when f.is_live then clock_timestamp() end,
    next_slot_at = null,
    waiting_slot_at = null
from found f
where s.tenant_id = current_tenant()
    and s.trigger_id = f.trigger_id
    and f.is_live <> f.was_live
