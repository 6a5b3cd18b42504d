-- asked :many  by job's key throughout  called by data/dispatch every second for the runs under way
select j.run_id, j.is_signaled, j.is_cancel_requested, j.cancel_reason, j.canceled_by_name
from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
cross join lateral (
    select
        o.run_id, o.is_signaled, o.cancel_requested_at is not null as is_cancel_requested,
        coalesce(o.cancel_reason, '') as cancel_reason, coalesce(o.canceled_by_name, '') as canceled_by_name
    from job o
    where o.tenant_id = h.tenant_id
        and o.run_id = h.run_id
        and o.epoch = h.epoch
        and o.state <> 'ready'
        and (o.cancel_requested_at is not null or o.is_signaled)
    offset 0
) j
