-- lock_jobs :exec  by job's key throughout  called right before heartbeat and release, in their transaction
-- In the order of the key, as store/runs hold_jobs does, so that none deadlock. A statement of its own: the next one then
-- finds each job where it stays, also one that changed while its lock was waited for.
select count(*)
from (
    select o.tenant_id, o.run_id from unnest($1::uuid[], $2::uuid[]) as o (tenant_id, run_id) order by o.tenant_id, o.run_id
) h
cross join lateral (
    select from job j where j.tenant_id = h.tenant_id and j.run_id = h.run_id for update of j
) l
