-- list_calls :many  run by run (see load_inputs); workflow_run_reruns_idx in each day  called by the API before a run is repeated
-- Of the run, of those that it repeats, and of all that have repeated one of them: what was done is done, whichever of them
-- did it. Rows of steps that a run has not done itself are another's.
with recursive above (id, rerun_of, steps) as (
    select r.id, r.rerun_of, 0
    from (values ($1::uuid)) as w (run_id)
    cross join lateral (select * from workflow_run r where r.id = w.run_id offset 0) r
    union all
    select r.id, r.rerun_of, a.steps + 1
    from above a
    cross join lateral (select * from workflow_run r where r.id = a.rerun_of offset 0) r
    where a.steps < 50
),
family (id, steps) as (
    select a.id, 0 from above a
    union
    select r.id, f.steps + 1
    from family f
    cross join lateral (select o.id from workflow_run o where o.rerun_of = f.id offset 0) r
    where f.steps < 50
),
-- A run is found once from above and once from below.
members as (select distinct f.id from family f limit 1000)
select s.step_id, sum(s.attempt) as calls, max(coalesce(s.intent_at, s.finished_at, s.started_at)) as last_at
from members m
cross join lateral (
    select * from step_run s where s.run_id = m.id and s.attempt > 0 and s.source is null offset 0
) s
group by s.step_id
