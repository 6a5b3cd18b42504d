-- listen :exec  uses trigger_sample_pkey  called by control/triggers
-- `$2` seconds from now on; 0: no longer. What was captured before stays until something new is.
insert into trigger_sample as s (tenant_id, trigger_id, listen_until)
values (current_tenant(), $1::uuid, clock_timestamp() + nullif($2::bigint, 0) * interval '1 second')
on conflict (tenant_id, trigger_id) do update
set listen_until = excluded.listen_until,
    problem = null
