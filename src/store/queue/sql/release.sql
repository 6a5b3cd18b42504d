-- release :exec  by job's key  called by data/dispatch when a worker drains
with held as materialized (
    select j.tenant_id, j.run_id
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
    join job j on j.tenant_id = h.tenant_id and j.run_id = h.run_id
    where j.epoch = h.epoch and j.state = 'leased'
    order by j.tenant_id, j.run_id
    for update of j
)
update job j
set state = 'ready', lease_until = null, worker_id = null, run_at = now()
from held h
where j.tenant_id = h.tenant_id and j.run_id = h.run_id
