-- plan_poll :exec  uses trigger_poll_pkey  called by control/triggers when one is made or its settings change
-- The epoch moves on: what was asked by the old settings is not taken in. `$3`: another source, of which nothing is known.
insert into trigger_poll as p (tenant_id, trigger_id, compiled, is_held)
values (current_tenant(), $1::uuid, $2::text, $4::boolean)
on conflict (tenant_id, trigger_id) do update
set compiled = excluded.compiled,
    epoch = p.epoch + 1,
    lease_until = null,
    due_at = case when p.due_at is not null then clock_timestamp() end,
    is_primed = p.is_primed and not $3::boolean,
    source = p.source + case when $3::boolean then 1 else 0 end,
    cursor = case when $3::boolean then null else p.cursor end,
    failures = 0,
    failing_since = null,
    problem = null,
    checked_at = null
