-- count :one  uses alert_rule_pkey  called by control/alerts before one is added
select count(*) as rules
from alert_rule
where tenant_id = current_tenant()
