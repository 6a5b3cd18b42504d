-- canceled :many  by job's key  called by data/dispatch every second for the runs under way
select j.run_id, coalesce(j.cancel_reason, '') as cancel_reason, coalesce(j.canceled_by_name, '') as canceled_by_name
from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
join job j on j.tenant_id = h.tenant_id and j.run_id = h.run_id
where j.epoch = h.epoch and j.state = 'leased' and j.cancel_requested_at is not null
