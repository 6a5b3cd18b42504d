-- answer_parents :exec  by key throughout  called by the journal writer in a flush that ends runs  behind hold_jobs
-- The end of a child is what its parent's step waits for: a value when it succeeded, else why it did not. Of a child that
-- was canceled no kind of failure is told. One that is not waited for any more changes nothing.
-- The files in what it gives are its parent's then, as in pass_files.
with ended as materialized (
    select e.run_id, e.state, e.failure_kind, e.error, j.parent_run_id, j.parent_step_id, j.parent_iteration
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as e (run_id, state, failure_kind, error)
    cross join lateral (
        select o.parent_run_id, o.parent_step_id, o.parent_iteration
        from job o
        where o.tenant_id = current_tenant() and o.run_id = e.run_id and o.parent_run_id is not null
        offset 0
    ) j
),
answered as (
    update run_wait w
    set state = 'answered',
        ended_at = clock_timestamp(),
        failure_kind = case e.state when 'failed' then e.failure_kind end,
        failure = case when e.state <> 'success' then coalesce(e.error::jsonb ->> 'message', e.state) end
    from ended e
    where w.tenant_id = current_tenant()
        and w.run_id = e.parent_run_id
        and w.step_id = e.parent_step_id
        and w.iteration = e.parent_iteration
        and w.child_run_id = e.run_id
        and w.state = 'open'
    returning w.run_id as parent_run_id, e.run_id
),
kept as (
    insert into payload as p (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    select current_tenant(), a.parent_run_id, v.slot, v.size_bytes, v.codec, v.key_id, v.data, v.blob_ref
    from unnest($5::uuid[], $6::text[], $7::int[], $8::smallint[], $9::uuid[], $10::bytea[], $11::text[])
    as v (run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    join answered a on a.run_id = v.run_id
    on conflict (tenant_id, run_id, slot) do update
    set size_bytes = excluded.size_bytes,
        codec = excluded.codec,
        key_id = excluded.key_id,
        data = excluded.data,
        blob_ref = excluded.blob_ref
),
passed as (
    insert into file_use (tenant_id, run_id, file_id)
    select current_tenant(), a.parent_run_id, f.id
    from unnest($12::uuid[], $13::uuid[]) as g (run_id, file_id)
    join answered a on a.run_id = g.run_id
    cross join lateral (
        select o.file_id
        from file_use o
        where o.tenant_id = current_tenant() and o.run_id = g.run_id and o.file_id = g.file_id
        offset 0
    ) u
    cross join lateral (
        select i.id from file i where i.tenant_id = current_tenant() and i.id = u.file_id offset 0 for key share
    ) f
    on conflict do nothing
)
update job j
set is_signaled = true,
    run_at = least(j.run_at, clock_timestamp())
from (
    select k.place
    from (select distinct a.parent_run_id from answered a) p
    cross join lateral (
        select o.ctid as place from job o where o.tenant_id = current_tenant() and o.run_id = p.parent_run_id offset 0
    ) k
    limit cardinality($1)
) h
where j.ctid = h.place
