-- claim_messages :many  uses alert_rule_due_idx  called by data/alerter
-- Rules that have something to send and that nobody sends for, of all tenants but those in `$3`, oldest first. A claim is a
-- lease with a new epoch: whoever comes back after it has lapsed finds another epoch and writes nothing.
with due as materialized (
    select a.ctid as place
    from alert_rule a
    where least(a.due_at, a.test_at) <= statement_timestamp()
        and (a.due_at is not null or a.test_at is not null)
        and (a.lease_until is null or a.lease_until <= statement_timestamp())
        and a.tenant_id <> all($3::uuid[])
    order by least(a.due_at, a.test_at)
    limit $1::int
    for no key update skip locked
)
update alert_rule a
set lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond',
    epoch = a.epoch + 1
from due d
where a.ctid = d.place
returning a.tenant_id, a.id, a.name, a.channel, a.quiet::text as quiet, a.epoch, a.message_id, a.message_ends, a.message_at, a.attempts,
    a.test_id, statement_timestamp() as now
