-- drop_dead_letters :one  dead_letter_age_idx  called by data/dispatch, by one worker at a time
with old as materialized (
    select tenant_id, run_id
    from dead_letter
    where created_at < clock_timestamp() - $1::bigint * interval '1 second'
    order by created_at
    limit $2::int
),
gone as (
    delete from dead_letter t
    using old o
    where t.tenant_id = o.tenant_id and t.run_id = o.run_id
    returning 1
)
select count(*) from gone
