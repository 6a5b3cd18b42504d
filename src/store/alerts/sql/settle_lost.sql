-- settle_lost :exec  uses alert_rule_pkey, alert_pkey  called by data/alerter when a message is given up
-- With `$6` the other side has said that it is gone: the rule is disabled, with all that has come.
with lost as (
    update alert_rule a
    set state = case when $6::boolean then 'disabled' else a.state end,
        due_at = case when a.pending > 0 and not $6::boolean then clock_timestamp() + a.group_ms * interval '1 millisecond' end,
        lost = a.lost + a.message_ends + case when $6::boolean then a.pending else 0 end,
        pending = case when $6::boolean then 0 else a.pending end,
        message_id = null,
        message_ends = 0,
        message_at = null,
        attempts = 0,
        lease_until = null,
        failing_since = coalesce(a.failing_since, clock_timestamp()),
        problem = $5::text
    where a.tenant_id = $1::uuid and a.id = $2::uuid and a.epoch = $3::bigint
    returning a.tenant_id, a.id
)
delete from alert n
using lost s
where n.tenant_id = s.tenant_id and n.rule_id = s.id and (n.message_id = $4::uuid or $6::boolean)
