-- count_waiting :one  uses job_ready_idx  called by workers, for a tenant whose runs begin to wait, every few seconds
-- Runs that are parked, counted up to what the tenant may have; `$1` is that by default.
with quota as materialized (
    select coalesce(
        (select q.waiting_max from tenant_queue q where q.tenant_id = current_tenant()), $1::bigint
    ) as most
)
select
    (
        select count(*)
        from (
            select
            from job j
            where j.tenant_id = current_tenant()
                and j.state = 'ready'
                and j.run_at > clock_timestamp()
            limit (select q.most from quota q)
        ) as w
    ) as used,
    (select q.most from quota q) as most
