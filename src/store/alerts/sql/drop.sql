-- drop :optional  uses alert_rule_pkey  called by control/alerts
delete from alert_rule
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
