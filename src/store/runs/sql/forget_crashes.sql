-- forget_crashes :exec  by key throughout  called by the journal writer in a flush where runs that had crashed got on  see park_jobs
update job j
set crashes = 0
from (
    select k.place
    from unnest($1::uuid[]) as e (run_id)
    cross join lateral (select o.ctid as place from job o where o.tenant_id = current_tenant() and o.run_id = e.run_id offset 0) k
    limit cardinality($1)
) h
where j.ctid = h.place
