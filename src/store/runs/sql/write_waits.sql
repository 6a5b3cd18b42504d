-- write_waits :exec  by key throughout  called by the journal writer in a flush that has some
-- Another attempt opens the row of the one before. A repeated flush changes nothing, even if an answer came meanwhile.
insert into run_wait as r (
    tenant_id, run_id, step_id, iteration, attempt, kind, token_hash, event_name, event_key, policy, child_run_id,
    deadline_at, state, ended_at
)
select
    current_tenant(), w.run_id, w.step_id, w.iteration, w.attempt, w.kind, w.token_hash, w.event_name, w.event_key,
    w.policy::jsonb, w.child_run_id, w.deadline_at,
    case when w.is_answered then 'answered' else 'open' end,
    case when w.is_answered then clock_timestamp() end
from unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::text[],
    $10::uuid[], $11::timestamptz[], $12::boolean[]
) as w (
    run_id, step_id, iteration, attempt, kind, token_hash, event_name, event_key, policy, child_run_id, deadline_at,
    is_answered
)
on conflict (tenant_id, run_id, step_id, iteration) do update
set attempt = excluded.attempt,
    child_run_id = excluded.child_run_id,
    opened_at = excluded.opened_at,
    deadline_at = excluded.deadline_at,
    state = excluded.state,
    ended_at = excluded.ended_at,
    failure = null,
    failure_kind = null
where r.attempt < excluded.attempt
