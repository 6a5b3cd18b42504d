-- add :one  fails on alert_rule_tenant_id_workflow_id_fkey for an unknown workflow  called by control/alerts
insert into alert_rule (
    tenant_id, id, name, workflow_id, states, failure_kinds, channel, target, sealed_target, group_ms, quiet
)
values (
    current_tenant(), $1::uuid, $2, $3::uuid, $4::text[], $5::text[], $6, $7, $8::bytea, $9::bigint, $10::json
)
returning id, name, workflow_id, array_to_json(states)::text as states, array_to_json(failure_kinds)::text as failure_kinds, channel,
    target, previous_until, group_ms, quiet::text as quiet, state, due_at, pending, message_id, message_ends, attempts, test_at,
    tested_at, test_problem, sent_at, sent, told, lost, silenced, failing_since, problem, created_at, updated_at
