-- keep_steps :exec  job_pkey, step_run_pkey  called behind start_run for a run that begins with steps
-- Nothing when start_run began nothing.
insert into step_run (
    tenant_id, run_id, step_id, position, state, attempt, failure_kind, error, idempotency_key, intent_at, started_at,
    finished_at, source
)
select
    current_tenant(), $1::uuid, k.step_id, k.position, k.state, k.attempt, k.failure_kind, k.error::jsonb,
    k.idempotency_key, k.intent_at, k.started_at, k.finished_at, k.source
from unnest(
    $2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
    $10::timestamptz[], $11::timestamptz[], $12::text[]
) as k (
    step_id, position, state, attempt, failure_kind, error, idempotency_key, intent_at, started_at, finished_at, source
)
where exists (select from job j where j.tenant_id = current_tenant() and j.run_id = $1::uuid)
on conflict do nothing
