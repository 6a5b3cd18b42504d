-- find_state :optional  uses workflow_run_pkey  called by request_cancel
select state
from workflow_run
where tenant_id = current_tenant()
    and id = $1::uuid
