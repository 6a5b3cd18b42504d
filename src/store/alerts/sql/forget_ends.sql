-- forget_ends :exec  uses alert_pkey  called by control/alerts when a rule is disabled
delete from alert
where tenant_id = current_tenant()
    and rule_id = $1::uuid
