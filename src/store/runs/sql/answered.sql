-- answered :many  by key, run by run (see load_inputs)  called by data/ingress every few seconds while callers wait
-- What the notifications should have told: runs that have ended, or given their response before it.
select w.run_id
from unnest($1::uuid[]) as w (run_id)
cross join lateral (
    select r.state in ('success', 'failed', 'canceled') as has_ended from workflow_run r where r.id = w.run_id offset 0
) r
where r.has_ended
    or exists (select from payload p where p.run_id = w.run_id and p.slot = 'response')
