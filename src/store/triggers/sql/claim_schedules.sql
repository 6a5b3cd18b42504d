-- claim_schedules :many  trigger_schedule_pkey, trigger_pkey, workflow_pkey, job_pkey  called by data/scheduler
-- What lock_due has locked. A statement of its own: its snapshot is younger than the locks, so settings and state are those
-- that the place in time was planned with, and whoever changes them meanwhile plans it anew after this transaction.
select
    s.tenant_id, s.trigger_id, t.workflow_id, t.name, t.config, s.settled_at, s.next_slot_at, s.waiting_slot_at,
    t.state = 'active' and w.state = 'active' and w.published_version_id is not null as is_live,
    s.last_run_id is not null
    and exists (select from job j where j.tenant_id = s.tenant_id and j.run_id = s.last_run_id) as is_running,
    w.published_version_id, w.flow,
    statement_timestamp() as now
from unnest($1::uuid[], $2::uuid[]) as g (tenant_id, trigger_id)
join trigger_schedule s on s.tenant_id = g.tenant_id and s.trigger_id = g.trigger_id
join trigger t on t.tenant_id = s.tenant_id and t.id = s.trigger_id
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
order by s.due_at
