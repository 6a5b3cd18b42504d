-- depths :many  reads up to 200,000 jobs  called by data/dispatch every ten seconds, for the metrics
with seen as (
    select j.state, j.run_at
    from job j
    limit 200000
)
select
    k.standing,
    count(s.run_at) as jobs,
    greatest(coalesce(extract(epoch from clock_timestamp() - min(s.run_at)), 0), 0)::float8 as oldest_seconds
from (values ('due'), ('running'), ('waiting'), ('held')) as k (standing)
left join seen s
    on k.standing = case
        when s.state = 'leased' then 'running'
        when s.state = 'held' then 'held'
        when s.run_at > now() then 'waiting'
        else 'due'
    end
group by k.standing
