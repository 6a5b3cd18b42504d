-- drop_usage :one  usage_part_age_idx  called by data/dispatch, by one worker at a time
with old as materialized (
    select u.tenant_id, u.day, u.workflow_id, u.part
    from usage_part u
    where u.day < ((clock_timestamp() - $1::bigint * interval '1 second') at time zone 'utc')::date
    order by u.day
    limit $2::int
),
gone as (
    delete from usage_part u
    using old o
    where u.tenant_id = o.tenant_id and u.day = o.day and u.workflow_id = o.workflow_id and u.part = o.part
    returning 1
)
select count(*) from gone
