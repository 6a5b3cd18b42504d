-- orphans :many  by workflow_run's key, tenant by tenant  called by data/dispatch every minute in each worker
-- A version 7 id begins with its time, so the age of a run is a range of ids.
with bound as materialized (
    select
        (lpad(to_hex((extract(epoch from now()) * 1000 - $1::bigint)::bigint), 12, '0') || repeat('0', 20))::uuid as low,
        (lpad(to_hex((extract(epoch from now()) * 1000 - $2::bigint)::bigint), 12, '0') || repeat('0', 20))::uuid as high
)
select r.tenant_id, r.id as run_id
from bound b
cross join tenant t
cross join lateral (
    select w.tenant_id, w.id
    from workflow_run w
    where w.tenant_id = t.id and w.id >= b.low and w.id < b.high and w.state in ('queued', 'running', 'waiting')
    offset 0 -- see load_inputs
) r
where not exists (select from job j where j.tenant_id = r.tenant_id and j.run_id = r.id offset 0)
limit 100
