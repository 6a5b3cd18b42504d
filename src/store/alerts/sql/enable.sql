-- enable :optional  uses alert_rule_pkey  called by control/alerts
update alert_rule
set state = 'active',
    failing_since = case when state = 'active' then failing_since end,
    problem = case when state = 'active' then problem end,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, name, workflow_id, array_to_json(states)::text as states, array_to_json(failure_kinds)::text as failure_kinds, channel,
    target, previous_until, group_ms, quiet::text as quiet, state, due_at, pending, message_id, message_ends, attempts, test_at,
    tested_at, test_problem, sent_at, sent, told, lost, silenced, failing_since, problem, created_at, updated_at
