-- drop_tests :one  test_version_by_age_idx, job_pkey  called by data/dispatch, by one worker at a time
-- Not what a run that has not ended still runs (they have one id): it may sleep for years.
with old as materialized (
    select o.tenant_id, o.id
    from test_version o
    where o.created_at < clock_timestamp() - $1::bigint * interval '1 second'
        and not exists (select from job j where j.tenant_id = o.tenant_id and j.run_id = o.id offset 0)
    order by o.created_at
    limit $2::int
),
gone as (
    delete from test_version v
    using old o
    where v.tenant_id = o.tenant_id and v.id = o.id
    returning 1
)
select count(*) from gone
