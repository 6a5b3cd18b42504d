-- list_approvals :many  uses run_wait_open_idx, backwards  called by the API's list of open approvals
with page as materialized (
    select w.tenant_id, w.run_id, w.step_id, w.iteration, w.policy, w.opened_at, w.deadline_at
    from run_wait w
    where w.tenant_id = current_tenant()
        and w.kind = 'approval'
        and w.state = 'open'
        and ($1::uuid is null or w.run_id <= $1::uuid)
        and ($1::uuid is null or w.run_id < $1::uuid or (w.step_id, w.iteration) > ($2::text, $3::bigint))
    order by w.run_id desc, w.step_id, w.iteration
    limit $5::int
)
select
    p.run_id, p.step_id, p.iteration, coalesce(p.policy, '{}') as policy, p.opened_at, p.deadline_at,
    (
        select f.name
        from workflow_run r
        join workflow f on f.tenant_id = r.tenant_id and f.id = r.workflow_id
        where r.tenant_id = p.tenant_id and r.id = p.run_id
    ) as workflow_name,
    (
        select count(*)
        from approval_decision d
        where d.tenant_id = p.tenant_id and d.run_id = p.run_id and d.step_id = p.step_id
            and d.iteration = p.iteration and d.is_approved
    )::int as approvals,
    (
        select count(*)
        from approval_decision d
        where d.tenant_id = p.tenant_id and d.run_id = p.run_id and d.step_id = p.step_id
            and d.iteration = p.iteration and not d.is_approved
    )::int as rejections,
    exists (
        select
        from approval_decision d
        where d.tenant_id = p.tenant_id and d.run_id = p.run_id and d.step_id = p.step_id and d.iteration = p.iteration
            and d.decider = $4::text
    ) as has_decided
from page p
order by p.run_id desc, p.step_id, p.iteration
