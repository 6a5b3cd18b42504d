-- load_new_answers :many  by key, wait by wait (see load_inputs)  called by the engine of a run under way, for what it waits for
select w.run_id, w.step_id, w.iteration, w.failure_kind, w.failure, w.child_run_id
from unnest($2::text[], $3::bigint[]) as e (step_id, iteration)
cross join lateral (
    select *
    from run_wait w
    where w.tenant_id = current_tenant()
        and w.run_id = $1::uuid
        and w.step_id = e.step_id
        and w.iteration = e.iteration
        and w.state = 'answered'
    offset 0
) w
