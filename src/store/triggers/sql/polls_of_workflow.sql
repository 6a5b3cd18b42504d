-- polls_of_workflow :exec  uses trigger_workflow_idx, trigger_poll_pkey  called when a workflow is published, switched on or
-- off, or put away
-- As switch_poll of each: those that may ask now and could not before, and those that may not any more.
with found as (
    select
        p.trigger_id, p.due_at is not null as was_live,
        t.state = 'active' and w.state = 'active' and w.published_version_id is not null as is_live
    from trigger t
    join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
    join trigger_poll p on p.tenant_id = t.tenant_id and p.trigger_id = t.id
    where t.tenant_id = current_tenant()
        and t.workflow_id = $1::uuid
    order by p.trigger_id
    for update of p
)
update trigger_poll p
set due_at = case when f.is_live then clock_timestamp() end,
    lease_until = case when not f.is_live then p.lease_until end,
    epoch = p.epoch + f.is_live::int,
    failures = 0,
    failing_since = null,
    problem = null,
    checked_at = case when not f.is_live then p.checked_at end
from found f
where p.tenant_id = current_tenant()
    and p.trigger_id = f.trigger_id
    and f.is_live <> f.was_live
