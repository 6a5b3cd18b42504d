-- load_waits :many  by key  called by the engine after a later claim: until when a step waits, newest of each
select distinct on (e.run_id, e.step_id) e.run_id, e.step_id, e.detail
from run_event e
where e.run_id = any($1::uuid[]) and e.kind = 'wait'
order by e.run_id, e.step_id, e.seq desc
