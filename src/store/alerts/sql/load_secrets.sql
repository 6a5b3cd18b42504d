-- load_secrets :many  newest first  uses alert_secret_pkey  called by data/alerter before each attempt
select sealed
from alert_secret
where tenant_id = current_tenant()
    and rule_id = $1::uuid
    and (until is null or until > clock_timestamp())
order by until desc nulls first
limit 4
