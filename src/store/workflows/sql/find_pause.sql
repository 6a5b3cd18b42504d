-- find_pause :optional  none: none of its runs has failed lately  uses workflow_pause_pkey  called by control/workflows
select state, cardinality(failed_at) as failures, until, opened_at, probe_run_id, reason
from workflow_pause
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
