-- hold_jobs :exec  by key throughout  called by the journal writer, first in the transaction of a flush
-- The fence: locks the jobs of these leases, and refuses the whole transaction when one of them is not held any more. Once
-- locked, a job stays as it is; one that a heartbeat or a cancel changes meanwhile is judged as it is after that.
-- In the order of the key, like every statement that locks several jobs. Without `$3` they are locked only: tests.
select refuse_stale(case when $3::boolean then cardinality($1) - count(l.run_id) end)
from (select o.run_id, o.epoch from unnest($1::uuid[], $2::bigint[]) as o (run_id, epoch) order by o.run_id) e
cross join lateral (
    select j.run_id
    from job j
    where j.run_id = e.run_id and (not $3 or (j.epoch = e.epoch and j.state <> 'ready'))
    for update of j
) l
