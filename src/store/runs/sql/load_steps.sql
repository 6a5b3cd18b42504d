-- load_steps :many  by key, run by run (see load_inputs)  called by the engine after a later claim
select
    s.run_id, s.step_id, s.iteration, s.position, s.state, s.attempt, s.failure_kind, s.error, s.idempotency_key,
    s.intent_at, s.started_at, s.finished_at, s.cpu_us, s.memory_byte_seconds, s.bytes_in, s.bytes_out, s.calls
from unnest($1::uuid[]) as w (run_id)
cross join lateral (select * from step_run s where s.run_id = w.run_id offset 0) s
