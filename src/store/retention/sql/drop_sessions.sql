-- drop_sessions :one  a scan: few rows  called by data/dispatch, by one worker at a time
with old as materialized (
    select tenant_id, id
    from session
    where expires_at < clock_timestamp() - $1::bigint * interval '1 second'
    limit $2::int
),
gone as (
    delete from session t
    using old o
    where t.tenant_id = o.tenant_id and t.id = o.id
    returning 1
)
select count(*) from gone
