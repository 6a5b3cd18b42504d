-- switch_poll :exec  uses trigger_poll_pkey  called by control/triggers when a trigger is switched on or off
update trigger_poll
set due_at = case when $2::boolean then clock_timestamp() end,
    lease_until = null,
    epoch = epoch + 1,
    failures = 0,
    failing_since = null,
    problem = null
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
