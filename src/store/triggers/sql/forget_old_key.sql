-- forget_old_key :exec  uses idempotency_key_pkey  called by data/ingress right before a keyed start_run, in its transaction
delete from idempotency_key
where tenant_id = current_tenant()
    and caller = $1::uuid
    and operation = $2
    and key = $3
    and created_at <= clock_timestamp() - interval '24 hours'
