-- list :many  usage_part_pkey, or usage_part_workflow_idx of one workflow  called by control/usage
-- Each page adds up all that was asked for: days are few, and a row is of a workflow and a day.
with summed as materialized (
    select
        case when $4::boolean then u.day end as day,
        case when $5::boolean then u.workflow_id end as workflow_id,
        sum(u.runs)::bigint as runs,
        sum(u.steps)::bigint as steps,
        sum(u.cpu_us)::bigint as cpu_us,
        sum(u.memory_byte_seconds)::bigint as memory_byte_seconds,
        sum(u.bytes_in)::bigint as bytes_in,
        sum(u.bytes_out)::bigint as bytes_out,
        sum(u.calls)::bigint as calls
    from usage_part u
    where u.tenant_id = current_tenant()
        and u.day between $1::date and $2::date
        and ($3::uuid is null or u.workflow_id = $3::uuid)
    group by 1, 2
),
page as materialized (
    select *
    from summed s
    where ($6::date is null and $7::uuid is null)
        or s.day < $6::date
        or (s.day is not distinct from $6::date and s.workflow_id > $7::uuid)
    order by s.day desc, s.workflow_id
    limit $8::int
)
select
    p.day::text as day, p.workflow_id, coalesce(w.key, '') as workflow_key, coalesce(w.name, '') as workflow_name, p.runs,
    p.steps, p.cpu_us, p.memory_byte_seconds, p.bytes_in, p.bytes_out, p.calls
from page p
left join workflow w on w.tenant_id = current_tenant() and w.id = p.workflow_id
order by p.day desc, p.workflow_id
