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
join workflow_run r on r.tenant_id = t.id and r.id >= b.low and r.id < b.high
where r.state in ('queued', 'running', 'waiting')
    and not exists (select from job j where j.tenant_id = r.tenant_id and j.run_id = r.id)
limit 100
