-- drop_links :one  a scan: few rows  called by data/dispatch, by one worker at a time
with old as materialized (
    select id
    from claim_link
    where expires_at < clock_timestamp() - $1::bigint * interval '1 second'
    limit $2::int
),
gone as (
    delete from claim_link t
    using old o
    where t.id = o.id
    returning 1
)
select count(*) from gone
