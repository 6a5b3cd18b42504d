-- load_answers :many  by key, run by run (see load_inputs)  called by the engine after a later claim, before the values: what
-- was answered has its value
select w.run_id, w.step_id, w.iteration, w.failure_kind, w.failure, w.child_run_id
from unnest($1::uuid[]) as r (run_id)
cross join lateral (
    select * from run_wait w where w.tenant_id = current_tenant() and w.run_id = r.run_id and w.state = 'answered' offset 0
) w
