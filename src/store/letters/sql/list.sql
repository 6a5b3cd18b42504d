-- list :many  newest first  dead_letter_state_idx, backwards  called by control/runs
-- Other filters than the state are looked at row by row.
with page as materialized (
    select *
    from dead_letter d
    where d.tenant_id = current_tenant()
        and d.state = $1
        and d.run_id < $2::uuid
        and d.run_id >= $3::uuid
        and ($4::uuid is null or d.workflow_id = $4::uuid)
        and ($5::text is null or d.error_class = $5::text)
    order by d.run_id desc
    limit $6::int
)
select
    d.run_id, d.workflow_id, coalesce(w.key, '') as workflow_key, coalesce(w.name, '') as workflow_name, d.reason,
    d.failure_kind, d.error_class, d.step_id, d.is_poison, d.tries, d.origin_run_id, d.state, d.redriven_by, d.created_at,
    d.settled_at, d.dropped_by, d.dropped_by_name, d.note
from page d
left join workflow w on w.tenant_id = d.tenant_id and w.id = d.workflow_id
order by d.run_id desc
