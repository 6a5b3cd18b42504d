-- write_waits :exec  by key throughout  called by the journal writer in a flush that has some
insert into run_wait (
    tenant_id, run_id, step_id, iteration, kind, token_hash, event_name, event_key, policy, deadline_at
)
select
    current_tenant(), w.run_id, w.step_id, w.iteration, w.kind, w.token_hash, w.event_name, w.event_key, w.policy::jsonb,
    w.deadline_at
from unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::timestamptz[]
) as w (run_id, step_id, iteration, kind, token_hash, event_name, event_key, policy, deadline_at)
on conflict (tenant_id, run_id, step_id, iteration) do nothing
