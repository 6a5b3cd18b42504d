-- find_events :many  uses trigger_event_pkey  called by data/ingress right after take_events, in its transaction
-- A statement of its own, because take_events cannot see a repeat that another process committed while it waited.
-- One row per position that has an event; a position without one: trigger gone, it or its workflow inactive, or nothing published.
-- `offset 0`: one by one by the key, also by a plan made while the table was small.
select g.position, e.run_id
from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality as g (tenant_id, trigger_id, dedupe_key, position)
cross join lateral (
    select t.run_id
    from trigger_event t
    where t.tenant_id = g.tenant_id and t.trigger_id = g.trigger_id and t.dedupe_key = g.dedupe_key
    offset 0
) e
