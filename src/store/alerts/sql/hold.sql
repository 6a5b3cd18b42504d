-- hold :exec  uses alert_rule_pkey  called by data/alerter in quiet hours, and to give a claim back
update alert_rule
set due_at = case when due_at is not null then coalesce($4::timestamptz, due_at) end,
    lease_until = null
where tenant_id = $1::uuid and id = $2::uuid and epoch = $3::bigint
