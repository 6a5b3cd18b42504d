-- list_calls :many  step_run_pkey  called by the API before a run is repeated
select s.step_id, count(*) as calls, max(coalesce(s.intent_at, s.finished_at, s.started_at)) as last_at
from step_run s
where s.run_id = $1::uuid and s.attempt > 0 and s.idempotency_key is not null
group by s.step_id
