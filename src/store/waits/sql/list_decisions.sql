-- list_decisions :many  by key  called by the API, and for the outcome
select d.decider, d.name, d.is_approved, d.decided_at, d.size_bytes, d.codec, d.key_id, d.data
from approval_decision d
where d.tenant_id = current_tenant()
    and d.run_id = $1::uuid
    and d.step_id = $2::text
    and d.iteration = $3::bigint
order by d.decided_at, d.decider
