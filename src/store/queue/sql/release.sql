-- release :exec  by job's key throughout  called by data/dispatch when a worker drains
-- By place, found by the key: see store/runs park_jobs.
update job j
set state = 'ready', lease_until = null, worker_id = null, run_at = now()
from (
    select k.place
    from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as h (tenant_id, run_id, epoch)
    cross join lateral (
        select o.ctid as place
        from job o
        where o.tenant_id = h.tenant_id and o.run_id = h.run_id and o.epoch = h.epoch and o.state <> 'ready'
        offset 0
    ) k
    limit cardinality($1)
) held
where j.ctid = held.place
