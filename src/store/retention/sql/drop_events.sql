-- drop_events :one  kept_event_received_idx  called by data/dispatch, by one worker at a time
with old as materialized (
    select o.tenant_id, o.id
    from kept_event o
    where o.received_at < clock_timestamp() - $1::bigint * interval '1 second'
    order by o.received_at
    limit $2::int
),
gone as (
    delete from kept_event e
    using old o
    where e.tenant_id = o.tenant_id and e.id = o.id
    returning 1
)
select count(*) from gone
