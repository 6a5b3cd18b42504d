-- drop_samples :one  uses trigger_sample_by_age_idx  called by data/dispatch, by one worker at a time
-- Not while somebody listens: the new one takes its place.
with old as materialized (
    select s.tenant_id, s.trigger_id
    from trigger_sample s
    where s.captured_at < clock_timestamp() - $1::bigint * interval '1 second'
        and (s.listen_until is null or s.listen_until < clock_timestamp())
    order by s.captured_at
    limit $2::int
),
gone as (
    delete from trigger_sample s
    using old o
    where s.tenant_id = o.tenant_id and s.trigger_id = o.trigger_id
    returning 1
)
select count(*) from gone
