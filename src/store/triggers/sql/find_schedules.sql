-- find_schedules :many  uses trigger_schedule_pkey  called by control/triggers to show them
select
    trigger_id, next_slot_at, due_at, waiting_slot_at, last_slot_at, last_fired_at, last_run_id, fired, missed, skipped,
    problem
from trigger_schedule
where tenant_id = current_tenant()
    and trigger_id = any($1::uuid[])
