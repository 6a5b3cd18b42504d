-- change :optional  uses alert_rule_pkey  called by control/alerts
-- What is under way goes on by the new settings: at once, if it failed before.
update alert_rule
set name = $2,
    workflow_id = $3::uuid,
    states = $4::text[],
    failure_kinds = $5::text[],
    group_ms = $6::bigint,
    quiet = $7::json,
    due_at = case
        when due_at is not null and (failing_since is not null or quiet is not null) then clock_timestamp()
        else due_at
    end,
    lease_until = null,
    epoch = epoch + 1,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, name, workflow_id, array_to_json(states)::text as states, array_to_json(failure_kinds)::text as failure_kinds, channel,
    target, previous_until, group_ms, quiet::text as quiet, state, due_at, pending, message_id, message_ends, attempts, test_at,
    tested_at, test_problem, sent_at, sent, told, lost, silenced, failing_since, problem, created_at, updated_at
