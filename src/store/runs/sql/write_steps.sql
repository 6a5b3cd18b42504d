-- write_steps :exec  by key throughout  called by the journal writer in a flush that has some
insert into step_run as s (
    tenant_id, run_id, step_id, iteration, position, state, attempt, failure_kind, error, idempotency_key, intent_at,
    started_at, finished_at, cpu_us, memory_byte_seconds, bytes_in, bytes_out, calls
)
select
    current_tenant(), w.run_id, w.step_id, w.iteration, w.position, w.state, w.attempt, w.failure_kind, w.error::jsonb,
    w.idempotency_key, w.intent_at, w.started_at, w.finished_at, w.cpu_us, w.memory_byte_seconds, w.bytes_in, w.bytes_out, w.calls
from unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::bigint[], $17::bigint[]
) as w (
    run_id, step_id, iteration, position, state, attempt, failure_kind, error, idempotency_key, intent_at, started_at,
    finished_at, cpu_us, memory_byte_seconds, bytes_in, bytes_out, calls
)
on conflict (tenant_id, run_id, step_id, iteration) do update
set state = excluded.state,
    attempt = excluded.attempt,
    failure_kind = excluded.failure_kind,
    error = excluded.error,
    idempotency_key = coalesce(excluded.idempotency_key, s.idempotency_key),
    intent_at = coalesce(excluded.intent_at, s.intent_at),
    started_at = coalesce(s.started_at, excluded.started_at),
    finished_at = excluded.finished_at,
    cpu_us = excluded.cpu_us,
    memory_byte_seconds = excluded.memory_byte_seconds,
    bytes_in = excluded.bytes_in,
    bytes_out = excluded.bytes_out,
    calls = excluded.calls
