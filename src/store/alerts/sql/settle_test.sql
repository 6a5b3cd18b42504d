-- settle_test :exec  uses alert_rule_pkey  called by data/alerter after a message that was asked for
update alert_rule
set test_id = null,
    test_at = null,
    tested_at = clock_timestamp(),
    test_problem = $4::text,
    lease_until = null
where tenant_id = $1::uuid and id = $2::uuid and epoch = $3::bigint
