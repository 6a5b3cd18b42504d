-- hold_jobs :exec  by key throughout  called by the journal writer, first in the transaction of a flush
-- The fence: locks the jobs of these leases, and refuses the whole transaction when one of them is not held any more. Once
-- locked, a job stays as it is; one that a heartbeat or a cancel changes meanwhile is judged as it is after that.
-- In the order of the key, like every statement that locks several jobs. Without `$3` they are locked only: tests.
-- In the same pass, and not judged: whom the end of a run (`$4`) answers, and the children of which a run (`$5`) lets go.
select refuse_stale(case when $3::boolean then cardinality($1) - count(l.run_id) filter (where e.epoch is not null) end)
from (
    select o.run_id, o.epoch from unnest($1::uuid[], $2::bigint[]) as o (run_id, epoch)
    union all
    select p.parent_run_id, null
    from unnest($4::uuid[]) as o (run_id)
    cross join lateral (
        select j.parent_run_id
        from job j
        where j.tenant_id = current_tenant() and j.run_id = o.run_id and j.parent_run_id is not null
        offset 0
    ) p
    union all
    select c.child_run_id, null
    from unnest($5::uuid[]) as o (run_id)
    cross join lateral (
        select w.child_run_id
        from run_wait w
        where w.tenant_id = current_tenant() and w.run_id = o.run_id and w.state = 'open' and w.child_run_id is not null
        offset 0
    ) c
    order by 1
) e
cross join lateral (
    select j.run_id
    from job j
    where j.run_id = e.run_id and (e.epoch is null or not $3 or (j.epoch = e.epoch and j.state <> 'ready'))
    for update of j
) l
