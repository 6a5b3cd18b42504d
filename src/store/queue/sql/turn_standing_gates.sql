-- turn_standing_gates :optional  skips through job_gate_idx, then see turn_gates  called by data/dispatch every ten seconds
select t.tenant_id, t.workflow_id, t.stage, t.gate
from turn_standing_gates(
    case when $1::boolean then row($2::uuid, $3::uuid, $4::text, $5::text)::gate_ref end, $6::int
) t
where t.tenant_id is not null
