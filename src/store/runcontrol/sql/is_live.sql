-- is_live :one  uses job_pkey  called after a cancel, until the run has stopped
select exists (
    select
    from job
    where tenant_id = current_tenant()
        and run_id = $1::uuid
) as is_live
