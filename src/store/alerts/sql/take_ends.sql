-- take_ends :one  uses alert_rule_pkey, alert_pkey  called by data/alerter before the first attempt
-- What has come becomes a message. Nothing when the claim does not hold any more.
with taken as (
    update alert_rule a
    set message_id = $4::uuid,
        message_ends = a.pending,
        message_at = clock_timestamp(),
        pending = 0,
        attempts = 0
    where a.tenant_id = $1::uuid and a.id = $2::uuid and a.epoch = $3::bigint and a.message_id is null and a.due_at is not null
    returning a.tenant_id, a.id, a.message_ends, a.message_at
),
named as (
    update alert n
    set message_id = $4::uuid
    from taken t
    where n.tenant_id = t.tenant_id and n.rule_id = t.id and n.message_id is null
)
select message_ends, message_at
from taken
