-- list_events :many  by key  called by the API's run and step pages
select e.seq, e.occurred_at, e.kind, e.step_id, e.iteration, e.detail
from run_event e
where e.run_id = $1::uuid and ($2::text is null or (e.step_id = $2::text and e.iteration = $3::bigint))
order by e.occurred_at, e.seq
limit 1000
