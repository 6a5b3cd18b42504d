-- silence :exec  uses alert_rule_pkey, alert_pkey  called by data/alerter in hours that drop what comes
with dropped as (
    update alert_rule a
    set silenced = a.silenced + a.pending,
        pending = 0,
        due_at = null,
        lease_until = null
    where a.tenant_id = $1::uuid and a.id = $2::uuid and a.epoch = $3::bigint and a.message_id is null
    returning a.tenant_id, a.id
)
delete from alert n
using dropped d
where n.tenant_id = d.tenant_id and n.rule_id = d.id and n.message_id is null
