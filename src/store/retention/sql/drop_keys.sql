-- drop_keys :one  idempotency_key_created_idx  called by data/dispatch, by one worker at a time
-- By age alone: the first `$2` of those older than `$1` seconds.
with bound as materialized (
    select max(k.created_at) as newest
    from (
        select created_at
        from idempotency_key
        where created_at < clock_timestamp() - $1::bigint * interval '1 second'
        order by created_at
        limit $2::int
    ) k
),
gone as (
    delete from idempotency_key k
    using bound b
    where k.created_at <= b.newest
    returning 1
)
select count(*) from gone
