-- disable :optional  uses alert_rule_pkey  called by control/alerts
-- Whoever is sending writes nothing; forget_ends takes what was gathered.
update alert_rule
set state = 'disabled',
    due_at = null,
    pending = 0,
    message_id = null,
    message_ends = 0,
    message_at = null,
    attempts = 0,
    test_id = null,
    test_at = null,
    lease_until = null,
    epoch = epoch + 1,
    updated_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
returning id, name, workflow_id, array_to_json(states)::text as states, array_to_json(failure_kinds)::text as failure_kinds, channel,
    target, previous_until, group_ms, quiet::text as quiet, state, due_at, pending, message_id, message_ends, attempts, test_at,
    tested_at, test_problem, sent_at, sent, told, lost, silenced, failing_since, problem, created_at, updated_at
