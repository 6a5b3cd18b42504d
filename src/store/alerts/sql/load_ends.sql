-- load_ends :many  uses alert_pkey, workflow_pkey, step_run_pkey  called by data/alerter before each attempt
select
    n.run_id, n.workflow_id, coalesce(w.key, '') as workflow_key, coalesce(w.name, '') as workflow_name, n.state, n.failure_kind,
    coalesce(n.message, '') as message, coalesce(s.step_id, '') as step_id, n.ended_at
from alert n
left join lateral (
    select f.key, f.name from workflow f where f.tenant_id = current_tenant() and f.id = n.workflow_id offset 0
) w on true
left join lateral (
    select t.step_id
    from step_run t
    where t.tenant_id = current_tenant() and t.run_id = n.run_id and t.state = 'failed' and n.state = 'failed'
    order by t.finished_at desc
    limit 1
) s on true
where n.tenant_id = current_tenant()
    and n.rule_id = $1::uuid
    and n.message_id = $2::uuid
order by n.ended_at, n.run_id
