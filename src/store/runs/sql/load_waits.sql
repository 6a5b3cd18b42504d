-- load_waits :many  by key, run by run (see load_inputs)  called by the engine after a later claim: until when a step
-- waits, newest of each
select e.run_id, e.step_id, e.iteration, e.detail
from unnest($1::uuid[]) as w (run_id)
cross join lateral (
    select distinct on (e.step_id, e.iteration) e.run_id, e.step_id, e.iteration, e.detail
    from run_event e
    where e.run_id = w.run_id and e.kind = 'wait'
    order by e.step_id, e.iteration, e.seq desc
) e
