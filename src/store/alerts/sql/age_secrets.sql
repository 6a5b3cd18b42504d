-- age_secrets :exec  uses alert_secret_pkey  called by control/alerts before a new one is added
-- What held alone holds for $2 ms more; what has held long enough goes.
with gone as (
    delete from alert_secret
    where tenant_id = current_tenant() and rule_id = $1::uuid and until <= clock_timestamp()
)
update alert_secret
set until = clock_timestamp() + $2::bigint * interval '1 millisecond'
where tenant_id = current_tenant()
    and rule_id = $1::uuid
    and until is null
