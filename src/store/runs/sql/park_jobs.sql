-- park_jobs :exec  by key throughout  called by the journal writer in a flush that ends leases of runs that go on later
-- By place, found by the key: a plan made while the table was small would read all jobs of the tenant. `limit` makes it one
-- row to the planner, and by place is the best way to one row whatever the table's size. The jobs are locked: they stay there.
update job j
set state = 'ready',
    -- One that was asked to stop meanwhile does not wait, nor one that was answered.
    run_at = clock_timestamp()
        + case when j.cancel_requested_at is null and not j.is_signaled then h.park_ms else 0 end
        * interval '1 millisecond',
    lease_until = null,
    worker_id = null,
    crashes = case h.fate when 'crash' then j.crashes + 1 when 'park' then 0 else j.crashes end
from (
    select k.place, e.fate, e.park_ms
    from unnest($1::uuid[], $2::text[], $3::bigint[]) as e (run_id, fate, park_ms)
    cross join lateral (select o.ctid as place from job o where o.tenant_id = current_tenant() and o.run_id = e.run_id offset 0) k
    limit cardinality($1)
) h
where j.ctid = h.place
