-- settle_schedules :exec  uses trigger_schedule_pkey  called by data/scheduler in the transaction that has claimed them
update trigger_schedule s
set settled_at = g.settled_at,
    next_slot_at = g.next_slot_at,
    due_at = g.due_at,
    waiting_slot_at = g.waiting_slot_at,
    tzdata = $7,
    last_slot_at = coalesce(g.last_slot_at, s.last_slot_at),
    last_fired_at = case when g.last_run_id is null then s.last_fired_at else statement_timestamp() end,
    last_run_id = coalesce(g.last_run_id, s.last_run_id),
    fired = s.fired + g.fired,
    missed = s.missed + g.missed,
    skipped = s.skipped + g.skipped,
    problem = g.problem
from unnest(
    $1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
    $8::timestamptz[], $9::uuid[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[]
) as g (
    tenant_id, trigger_id, settled_at, next_slot_at, due_at, waiting_slot_at, last_slot_at, last_run_id, fired, missed,
    skipped, problem
)
where s.tenant_id = g.tenant_id
    and s.trigger_id = g.trigger_id
