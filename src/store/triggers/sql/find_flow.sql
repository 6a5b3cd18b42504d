-- find_flow :optional  uses trigger_pkey, workflow_pkey, flow_gate_pkey  called by data/ingress for a start that nothing came of
select
    w.published_version_id, w.flow,
    (
        select greatest(
            extract(epoch from f.next_at - clock_timestamp()) * 1000
            + (w.flow -> 'rate' ->> 'per_ms')::float8 / (w.flow -> 'rate' ->> 'limit')::float8
            - (w.flow -> 'rate' ->> 'per_ms')::float8,
            0
        )::bigint
        from flow_gate f
        where f.tenant_id = w.tenant_id and f.workflow_id = w.id and f.stage = 'rate' and f.gate = $4
    ) as rate_wait_ms
from workflow w
where w.tenant_id = $1::uuid
    and w.id = coalesce(
        (select t.workflow_id from trigger t where t.tenant_id = $1::uuid and t.id = $2::uuid and t.state = 'active'), $3::uuid
    )
    and w.state = 'active'
    and w.published_version_id is not null
    and w.flow is not null
