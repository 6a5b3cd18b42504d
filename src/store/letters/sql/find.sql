-- find :optional  dead_letter_pkey  called by control/runs
select
    d.run_id, d.workflow_id, coalesce(w.key, '') as workflow_key, coalesce(w.name, '') as workflow_name, d.reason,
    d.failure_kind, d.error_class, d.step_id, d.is_poison, d.tries, d.origin_run_id, d.state, d.redriven_by, d.created_at,
    d.settled_at, d.dropped_by, d.dropped_by_name, d.note
from dead_letter d
left join workflow w on w.tenant_id = d.tenant_id and w.id = d.workflow_id
where d.tenant_id = current_tenant() and d.run_id = $1::uuid
