-- Switching a trigger on is a wish that stands in its row; a worker carries it out, and says so (docs/adr/0053).
set local search_path = weft;
set local role weft_owner;

-- When what it asks has first answered well since it was switched on, or since its settings changed.
alter table trigger_poll add column checked_at timestamptz;
alter table trigger_poll no force row level security;
update trigger_poll set checked_at = polled_at where failing_since is null;
alter table trigger_poll force row level security;

-- How far setting up has come: inactive, pending, active, failed, deactivating (somebody is still at work for it). As whoever
-- asks. What needs nobody is active at once.
create function trigger_setup(t weft.trigger) returns text
language sql stable
return (
    select
        case
            when t.state <> 'active' or w.state <> 'active' or w.published_version_id is null then
                case when p.due_at is null and p.lease_until > statement_timestamp() then 'deactivating' else 'inactive' end
            when p.checked_at is null and p.failing_since is not null then 'failed'
            when s.problem is not null then 'failed'
            when p.trigger_id is not null and p.checked_at is null then 'pending'
            when s.due_at is not null and s.next_slot_at is null and s.waiting_slot_at is null then 'pending'
            else 'active'
        end
    from workflow w
    left join trigger_poll p on p.tenant_id = t.tenant_id and p.trigger_id = t.id
    left join trigger_schedule s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
    where w.tenant_id = t.tenant_id and w.id = t.workflow_id
);
