-- note_gap :many  uses trigger_poll_pkey, trigger_miss_pkey  called by data/poller before the first hold_poll
-- Since it was switched on somebody has listened, and then nobody may have: what was sent meanwhile is lost.
select note_miss(
    p.tenant_id, p.trigger_id, 'gap', 1, statement_timestamp(),
    format(
        'Nobody is known to have listened from %s to %s; what was sent meanwhile is lost',
        to_char(p.heard_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        to_char(statement_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )
)
from trigger_poll p
where p.tenant_id = $1::uuid
    and p.trigger_id = $2::uuid
    and p.checked_at is not null
    and p.heard_until is not null
