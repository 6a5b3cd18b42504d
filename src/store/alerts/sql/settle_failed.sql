-- settle_failed :exec  uses alert_rule_pkey  called by data/alerter when an attempt failed that is repeated after `$4` ms
update alert_rule
set due_at = clock_timestamp() + $4::bigint * interval '1 millisecond',
    attempts = attempts + 1,
    lease_until = null,
    failing_since = coalesce(failing_since, clock_timestamp()),
    problem = $5::text
where tenant_id = $1::uuid and id = $2::uuid and epoch = $3::bigint
