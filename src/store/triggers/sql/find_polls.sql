-- find_polls :many  uses trigger_poll_pkey  called by control/triggers
select
    trigger_id, due_at, polled_at, event_at, last_run_id, cursor, polls, items, fired, filtered, failures, failing_since, problem
from trigger_poll
where tenant_id = current_tenant()
    and trigger_id = any($1::uuid[])
