-- change :optional  of the tenant with this slug  called by `weft tenant quota`; null leaves a limit, 0 gives the default back
update tenant_queue q
set due_max = case when $2::bigint is null then q.due_max else nullif($2::bigint, 0) end,
    inflight_max = coalesce(nullif($3::bigint, 0), case when $3::bigint = 0 then 200 else q.inflight_max end)::int,
    waiting_max = case when $4::bigint is null then q.waiting_max else nullif($4::bigint, 0) end,
    triggers_max = case when $5::bigint is null then q.triggers_max else nullif($5::bigint, 0) end,
    file_bytes_max = case when $6::bigint is null then q.file_bytes_max else nullif($6::bigint, 0) end,
    weight = coalesce(nullif($7::bigint, 0), case when $7::bigint = 0 then 1 else q.weight end)
from tenant t
where t.slug = $1::text
    and q.tenant_id = t.id
returning q.due_max, q.inflight_max::bigint as inflight_max, q.waiting_max, q.triggers_max, q.file_bytes_max,
    q.weight::bigint as weight
