-- claim_schedules :many  trigger_schedule_due_idx, trigger_pkey, workflow_pkey, job_pkey  called by data/scheduler
-- What is due, of all tenants, oldest first; locked until the transaction ends, so that any number of schedulers share it.
with due as materialized (
    select *
    from trigger_schedule
    where due_at <= statement_timestamp()
    order by due_at
    limit $1::int
    for update skip locked
)
select
    d.tenant_id, d.trigger_id, t.workflow_id, t.name, t.config, d.settled_at, d.waiting_slot_at,
    t.state = 'active' and w.state = 'active' and w.published_version_id is not null as is_live,
    d.last_run_id is not null
    and exists (select from job j where j.tenant_id = d.tenant_id and j.run_id = d.last_run_id) as is_running,
    statement_timestamp() as now
from due d
join trigger t on t.tenant_id = d.tenant_id and t.id = d.trigger_id
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
order by d.due_at
