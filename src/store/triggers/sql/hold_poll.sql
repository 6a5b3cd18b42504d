-- hold_poll :many  uses trigger_poll_pkey  called by data/poller in the transaction that takes in what was heard
-- Answers the row while it is wanted that somebody listens; whoever does keeps the lease.
update trigger_poll p
set lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond',
    heard_until = statement_timestamp(),
    polled_at = statement_timestamp(),
    is_primed = true,
    checked_at = coalesce(p.checked_at, statement_timestamp()),
    event_at = case when $5::bigint + $6::bigint > 0 then statement_timestamp() else p.event_at end,
    last_run_id = coalesce($7::uuid, p.last_run_id),
    items = p.items + $8::bigint,
    fired = p.fired + $6::bigint,
    filtered = p.filtered + $5::bigint,
    failures = 0,
    failing_since = null,
    problem = null
from trigger t
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
left join trigger_sample s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
where t.tenant_id = p.tenant_id
    and t.id = p.trigger_id
    and p.tenant_id = $1::uuid
    and p.trigger_id = $2::uuid
    and p.epoch = $3::bigint
    and (
        s.listen_until > clock_timestamp()
        or t.state = 'active' and w.state = 'active' and w.published_version_id is not null
    )
returning p.trigger_id
