-- replace_target :exec  uses alert_rule_pkey  called by control/alerts, with the change that it is part of
update alert_rule
set target = $2,
    sealed_target = $3::bytea
where tenant_id = current_tenant()
    and id = $1::uuid
