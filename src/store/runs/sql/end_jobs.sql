-- end_jobs :exec  by key throughout  called by the journal writer in a flush that ends runs  see park_jobs
delete from job j
using (
    select k.place
    from unnest($1::uuid[]) as e (run_id)
    cross join lateral (select o.ctid as place from job o where o.tenant_id = current_tenant() and o.run_id = e.run_id offset 0) k
    limit cardinality($1)
) h
where j.ctid = h.place
