-- take_over :many  uses job_lease_idx  called by data/dispatch when the end of a worker is proven
-- As reap, without waiting for the leases. The epoch grows here already: what the dead one sent last is refused from now on.
with left_behind as materialized (
    select j.tenant_id, j.run_id, j.crashes + 1 >= $3::int as is_poisoned
    from job j
    where j.state = 'leased' and j.worker_id = any($1::uuid[])
    order by j.lease_until
    limit 500
    for update of j skip locked
)
update job j
set state = case when l.is_poisoned then 'leased' else 'ready' end,
    crashes = j.crashes + 1,
    epoch = j.epoch + 1,
    worker_id = case when l.is_poisoned then $2::uuid end,
    lease_until = case when l.is_poisoned then clock_timestamp() + $4::bigint * interval '1 millisecond' end,
    run_at = now()
from left_behind l
where j.tenant_id = l.tenant_id and j.run_id = l.run_id
returning l.is_poisoned, j.tenant_id, j.run_id, j.epoch, j.workflow_id, j.workflow_version_id,
    j.depth::int as depth, j.crashes
