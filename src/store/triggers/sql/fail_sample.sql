-- fail_sample :exec  uses trigger_sample_pkey  called by data/ingress and data/poller when there is no sample to be had
update trigger_sample
set listen_until = null,
    problem = $3::text
where tenant_id = $1::uuid
    and trigger_id = $2::uuid
    and listen_until > statement_timestamp()
