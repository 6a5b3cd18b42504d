-- drop_waits :one  run_wait_ended_idx  called by data/dispatch, by one worker at a time
with old as materialized (
    select o.tenant_id, o.run_id, o.step_id, o.iteration
    from run_wait o
    where o.ended_at < clock_timestamp() - $1::bigint * interval '1 second'
    order by o.ended_at
    limit $2::int
),
gone as (
    delete from run_wait w
    using old o
    where w.tenant_id = o.tenant_id and w.run_id = o.run_id and w.step_id = o.step_id and w.iteration = o.iteration
    returning 1
)
select count(*) from gone
