-- reap :many  uses job_lease_idx  called by data/dispatch every few seconds in each worker
-- A poisoned job goes to the reaper under a new epoch, which then ends its run as a fenced write like any other.
with lapsed as materialized (
    select j.tenant_id, j.run_id, j.crashes + 1 >= $2::int as is_poisoned
    from job j
    where j.state = 'leased' and j.lease_until < now()
    order by j.lease_until
    limit 500
    for update of j skip locked
)
update job j
set state = case when l.is_poisoned then 'leased' else 'ready' end,
    crashes = j.crashes + 1,
    epoch = j.epoch + l.is_poisoned::int,
    worker_id = case when l.is_poisoned then $1::uuid end,
    lease_until = case when l.is_poisoned then clock_timestamp() + $3::bigint * interval '1 millisecond' end,
    run_at = now()
from lapsed l
where j.tenant_id = l.tenant_id and j.run_id = l.run_id
returning l.is_poisoned, j.tenant_id, j.run_id, j.epoch, j.workflow_id, j.workflow_version_id,
    j.depth::int as depth, j.crashes
