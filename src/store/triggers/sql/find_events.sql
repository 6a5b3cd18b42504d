-- find_events :many  uses trigger_event_pkey  called by data/ingress right after take_events, in its transaction
-- A statement of its own, because take_events cannot see a repeat that another process committed while it waited.
-- One row per position that has an event; a position without one: trigger gone, it or its workflow inactive, or nothing published.
select g.position, e.run_id
from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality as g (tenant_id, trigger_id, dedupe_key, position)
join trigger_event e
    on e.tenant_id = g.tenant_id and e.trigger_id = g.trigger_id and e.dedupe_key = g.dedupe_key
