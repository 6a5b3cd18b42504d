-- heartbeat :many  by job's key  called by data/dispatch every third of a lease, for all running jobs at once
-- Locks in the order of the key, as store/runs flush does, so that the two never deadlock.
with held as materialized (
    select j.tenant_id, j.run_id
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
    join job j on j.tenant_id = h.tenant_id and j.run_id = h.run_id
    where j.epoch = h.epoch and j.state = 'leased'
    order by j.tenant_id, j.run_id
    for update of j
)
update job j
set lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond'
from held h
where j.tenant_id = h.tenant_id and j.run_id = h.run_id
returning
    j.run_id, j.cancel_requested_at is not null as is_cancel_requested, coalesce(j.cancel_reason, '') as cancel_reason,
    coalesce(j.canceled_by_name, '') as canceled_by_name
