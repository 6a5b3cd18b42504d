-- add_secret :exec  uses alert_secret_pkey  called by control/alerts
insert into alert_secret (tenant_id, rule_id, sealed)
values (current_tenant(), $1::uuid, $2::bytea)
