-- list_steps :many  by key  called by the API's run page
select
    s.step_id, s.iteration, s.position, s.state, s.attempt, s.failure_kind, s.error, s.idempotency_key, s.intent_at,
    s.started_at, s.finished_at,
    exists (select from payload p where p.run_id = s.run_id and p.slot = 'step.' || s.step_id || '.input') as has_input,
    exists (select from payload p where p.run_id = s.run_id and p.slot = 'step.' || s.step_id || '.output') as has_output
from step_run s
where s.run_id = $1::uuid
order by s.position, s.iteration
