-- usage :one  job's rows of the tenant, workflow_run_by_workflow_idx  called before a workflow is deleted, under lock
select
    (select count(*) from job j where j.tenant_id = current_tenant() and j.workflow_id = $1::uuid) as live_runs,
    exists (select from workflow_run r where r.tenant_id = current_tenant() and r.workflow_id = $1::uuid) as has_runs
