-- load_steps :many  by key  called by the engine after a later claim
select
    s.run_id, s.step_id, s.iteration, s.position, s.state, s.attempt, s.failure_kind, s.error, s.idempotency_key,
    s.intent_at, s.started_at, s.finished_at
from step_run s
where s.run_id = any($1::uuid[])
