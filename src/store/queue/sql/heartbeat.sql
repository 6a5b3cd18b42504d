-- heartbeat :many  by job's key throughout  called by data/dispatch every third of a lease, for all running jobs at once
-- By place, found by the key: see store/runs park_jobs. Not `state = 'leased'`, which would lead to all leased jobs.
update job j
set lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond'
from (
    select k.place
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
    cross join lateral (
        select o.ctid as place
        from job o
        where o.tenant_id = h.tenant_id and o.run_id = h.run_id and o.epoch = h.epoch and o.state <> 'ready'
        offset 0
    ) k
    limit cardinality($1)
) held
where j.ctid = held.place
returning
    j.run_id, j.cancel_requested_at is not null as is_cancel_requested, coalesce(j.cancel_reason, '') as cancel_reason,
    coalesce(j.canceled_by_name, '') as canceled_by_name
