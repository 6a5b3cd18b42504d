-- list :many  newest first  uses alert_rule_pkey  called by control/alerts
-- With $1 those that tell of this workflow: its own, and those of all.
select id, name, workflow_id, array_to_json(states)::text as states, array_to_json(failure_kinds)::text as failure_kinds, channel,
    target, previous_until, group_ms, quiet::text as quiet, state, due_at, pending, message_id, message_ends, attempts, test_at,
    tested_at, test_problem, sent_at, sent, told, lost, silenced, failing_since, problem, created_at, updated_at
from alert_rule
where tenant_id = current_tenant()
    and ($1::uuid is null or workflow_id = $1::uuid or workflow_id is null)
    and ($2::uuid is null or id < $2::uuid)
order by id desc
limit $3::int
