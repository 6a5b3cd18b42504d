-- load_runs :many  by key, run by run (see load_inputs)  called by the engine after a later claim
select r.id, r.state, clock_timestamp() as now, r.started_at, r.steps_done as steps, r.cpu_us, r.memory_byte_seconds,
    r.bytes_in, r.bytes_out, r.calls
from unnest($1::uuid[]) as w (run_id)
cross join lateral (select * from workflow_run r where r.id = w.run_id offset 0) r
