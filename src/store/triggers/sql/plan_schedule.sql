-- plan_schedule :exec  uses trigger_schedule_pkey  called by control/triggers when a schedule is made, changed or switched
-- From now on; what was due and has not fired is not made up for. `$2`: whether it fires at all.
insert into trigger_schedule as s (tenant_id, trigger_id, settled_at, due_at)
values (
    current_tenant(), $1::uuid, clock_timestamp(), case when $2::boolean then clock_timestamp() end
)
on conflict (tenant_id, trigger_id) do update
set settled_at = clock_timestamp(), -- once the row is ours, not when the statement began
    due_at = case when $2::boolean then clock_timestamp() end,
    next_slot_at = null,
    waiting_slot_at = null,
    problem = null
