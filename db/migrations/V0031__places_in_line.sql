-- Where a run stands that may not begin yet (V0023), for whoever looks at it.
set local search_path = weft;
set local role weft_owner;

-- Runs that pass the gate before this one does, counted up to 1,000; null: it stands before none.
create function runs_ahead(of_job job) returns bigint
language sql stable
set enable_seqscan = off -- its plan is kept, whatever the size of the table was when it was made
as $$
    select count(*)
    from (
        select
        from job j
        where j.tenant_id = of_job.tenant_id and j.workflow_id = of_job.workflow_id and j.stage = of_job.stage
            and j.gate = of_job.gate and j.state = 'held' and (j.run_at, j.run_id) < (of_job.run_at, of_job.run_id)
        limit 1000
    ) before
    where of_job.state = 'held' and of_job.stage <> 'debounce'
    having of_job.state = 'held'
$$;
