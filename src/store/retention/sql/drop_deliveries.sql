-- drop_deliveries :one  trigger_event_received_idx  called by data/dispatch, by one worker at a time
with old as materialized (
    select o.tenant_id, o.trigger_id, o.dedupe_key
    from trigger_event o
    where o.received_at < clock_timestamp() - $1::bigint * interval '1 second'
    order by o.received_at
    limit $2::int
),
gone as (
    delete from trigger_event e
    using old o
    where e.tenant_id = o.tenant_id and e.trigger_id = o.trigger_id and e.dedupe_key = o.dedupe_key
    returning 1
)
select count(*) from gone
