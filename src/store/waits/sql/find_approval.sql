-- find_approval :optional  by key  called by the API
select
    w.state, w.deadline_at <= clock_timestamp() as is_late, coalesce(w.policy, '{}') as policy, w.opened_at, w.deadline_at
from run_wait w
where w.tenant_id = current_tenant()
    and w.run_id = $1::uuid
    and w.step_id = $2::text
    and w.iteration = $3::bigint
    and w.kind = 'approval'
