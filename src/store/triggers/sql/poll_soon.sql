-- poll_soon :exec  uses trigger_poll_pkey  called by control/triggers when somebody listens for a sample
-- Whoever asks right now writes nothing and is asked again: the epoch moves on.
update trigger_poll
set due_at = clock_timestamp(),
    lease_until = null,
    epoch = epoch + 1
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
