-- count_open :many  reads up to 200,000 waits  called by data/dispatch every ten seconds, for the metrics
with seen as (
    select w.kind
    from run_wait w
    where w.state = 'open'
    limit 200000
)
select k.kind, count(s.kind) as waits
from (values ('callback'), ('event'), ('approval'), ('child')) as k (kind)
left join seen s on s.kind = k.kind
group by k.kind
