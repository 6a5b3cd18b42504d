-- release_poll :exec  uses trigger_poll_pkey  called by data/poller when its trigger was switched off while it asked
update trigger_poll
set lease_until = null
where tenant_id = $1::uuid
    and trigger_id = $2::uuid
    and epoch = $3::bigint
    and due_at is null
