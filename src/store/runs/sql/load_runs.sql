-- load_runs :many  by key  called by the engine after a claim
select r.id, r.state, r.created_at, clock_timestamp(), r.started_at, r.trigger_id
from workflow_run r
where r.id = any($1::uuid[])
