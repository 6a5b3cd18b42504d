-- load_target :optional  uses alert_rule_pkey  called by data/alerter before each attempt
select sealed_target
from alert_rule
where tenant_id = current_tenant()
    and id = $1::uuid
