-- list_lines :many  by key  called by the API's run page
select l.seq, l.logged_at, l.level, l.step_id, l.iteration, l.message
from execution_log l
where l.run_id = $1::uuid and l.seq > $2::bigint
order by l.seq
limit $3::int
