-- list_calls :many  workflow_run_pkey, workflow_run_reruns_idx, step_run_pkey  called by the API before a run is repeated
-- Of the run, of those that it repeats, and of all that have repeated one of them: what was done is done, whichever of them
-- did it. Rows of steps that a run has not done itself are another's.
with recursive above (id, rerun_of, steps) as (
    select r.id, r.rerun_of, 0
    from workflow_run r
    where r.id = $1::uuid
    union all
    select r.id, r.rerun_of, a.steps + 1
    from above a
    join workflow_run r on r.id = a.rerun_of
    where a.steps < 50
),
family (id, steps) as (
    select a.id, 0 from above a
    union
    select r.id, f.steps + 1
    from family f
    join workflow_run r on r.rerun_of = f.id
    where f.steps < 50
),
-- A run is found once from above and once from below.
members as (select distinct f.id from family f limit 1000)
select s.step_id, sum(s.attempt) as calls, max(coalesce(s.intent_at, s.finished_at, s.started_at)) as last_at
from members m
join step_run s on s.run_id = m.id
where s.attempt > 0 and s.source is null
group by s.step_id
