-- switch_poll :exec  uses trigger_poll_pkey  called by control/triggers when a trigger is switched on or off
-- On, while its workflow is: it is to be looked at from now on, and proves itself anew. Off: whoever asks right now writes
-- nothing any more, and gives its lease back (release_poll).
update trigger_poll p
set due_at = case when $2::boolean and w.state = 'active' and w.published_version_id is not null then clock_timestamp() end,
    lease_until = case when not $2::boolean then p.lease_until end,
    epoch = p.epoch + $2::boolean::int,
    failures = 0,
    failing_since = null,
    problem = null,
    checked_at = case when not $2::boolean then p.checked_at end
from trigger t
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
where t.tenant_id = p.tenant_id
    and t.id = p.trigger_id
    and p.tenant_id = current_tenant()
    and p.trigger_id = $1::uuid
