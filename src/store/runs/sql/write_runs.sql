-- write_runs :exec  by key throughout  called by the journal writer in each flush
-- An update that never inserts: going through the key whatever the planner believes about the table's size.
insert into workflow_run as r (
    tenant_id, id, workflow_id, workflow_version_id, state, failure_kind, error, tier, started_at, finished_at,
    canceled_by, canceled_by_name, cancel_reason, steps_done, cpu_us, memory_byte_seconds, bytes_in, bytes_out, calls
)
select
    current_tenant(), e.run_id, coalesce(j.workflow_id, e.run_id), coalesce(j.workflow_version_id, e.run_id), e.state,
    e.failure_kind, e.error::jsonb, e.tier, e.started_at, e.finished_at,
    case e.state when 'canceled' then j.canceled_by end,
    case e.state when 'canceled' then j.canceled_by_name end,
    case e.state when 'canceled' then j.cancel_reason end,
    e.steps, e.cpu_us, e.memory_byte_seconds, e.bytes_in, e.bytes_out, e.calls
from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]
) as e (
    run_id, state, failure_kind, error, tier, started_at, finished_at, steps, cpu_us, memory_byte_seconds, bytes_in,
    bytes_out, calls
)
left join lateral (
    select j.workflow_id, j.workflow_version_id, j.canceled_by, j.canceled_by_name, j.cancel_reason
    from job j
    where j.run_id = e.run_id
    offset 0
) j on true
on conflict (tenant_id, id) do update
set state = excluded.state,
    failure_kind = excluded.failure_kind,
    error = excluded.error,
    tier = coalesce(excluded.tier, r.tier),
    started_at = coalesce(r.started_at, excluded.started_at),
    finished_at = excluded.finished_at,
    canceled_by = excluded.canceled_by,
    canceled_by_name = excluded.canceled_by_name,
    cancel_reason = excluded.cancel_reason,
    steps_done = excluded.steps_done,
    cpu_us = excluded.cpu_us,
    memory_byte_seconds = excluded.memory_byte_seconds,
    bytes_in = excluded.bytes_in,
    bytes_out = excluded.bytes_out,
    calls = excluded.calls
where r.state not in ('success', 'failed', 'canceled')
