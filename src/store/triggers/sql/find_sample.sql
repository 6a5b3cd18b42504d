-- find_sample :optional  uses trigger_sample_pkey  called by control/triggers
select
    case when listen_until > statement_timestamp() then listen_until end as listen_until, problem, captured_at,
    coalesce(size_bytes, 0) as size_bytes, coalesce(codec, 0) as codec, key_id, data
from trigger_sample
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
