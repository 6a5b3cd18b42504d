-- settle_sent :exec  uses alert_rule_pkey, alert_pkey  called by data/alerter when a message has been taken
-- At most one message in the time that is gathered for: what has come meanwhile waits.
with sent as (
    update alert_rule a
    set due_at = case when a.pending > 0 then clock_timestamp() + a.group_ms * interval '1 millisecond' end,
        message_id = null,
        message_ends = 0,
        message_at = null,
        attempts = 0,
        lease_until = null,
        sent_at = clock_timestamp(),
        sent = a.sent + 1,
        told = a.told + $5::bigint,
        failing_since = null,
        problem = null
    where a.tenant_id = $1::uuid and a.id = $2::uuid and a.epoch = $3::bigint
    returning a.tenant_id, a.id
)
delete from alert n
using sent s
where n.tenant_id = s.tenant_id and n.rule_id = s.id and n.message_id = $4::uuid
