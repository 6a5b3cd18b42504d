-- get_run :maybe  by key  called by the API
select
    r.id, r.workflow_id, coalesce(w.key, '') as workflow_key, coalesce(w.name, '') as workflow_name,
    r.workflow_version_id, coalesce(v.number, 0) as number, r.trigger_id, r.rerun_of, r.cause, r.parent_run_id,
    r.parent_step_id, r.parent_iteration, r.state, r.failure_kind, r.error, r.tier, r.created_at, r.started_at, r.finished_at,
    j.cancel_requested_at is not null as is_cancel_requested,
    coalesce(r.canceled_by, j.canceled_by) as canceled_by,
    coalesce(r.canceled_by_name, j.canceled_by_name) as canceled_by_name,
    coalesce(r.cancel_reason, j.cancel_reason) as cancel_reason,
    case j.state when 'held' then j.stage end as held_stage, case j.state when 'held' then j.gate end as held_key,
    runs_ahead(j.*) as runs_ahead,
    r.steps_done as steps, r.cpu_us, r.memory_byte_seconds, r.bytes_in, r.bytes_out, r.calls,
    (
        select json_agg(json_build_array(m.name, m.value) order by m.name, m.value)::text
        from run_mark m
        where m.run_id = r.id
    ) as marks
from workflow_run r
left join workflow w on w.id = r.workflow_id
left join workflow_version v on v.id = r.workflow_version_id
left join job j on j.run_id = r.id
where r.id = $1::uuid
