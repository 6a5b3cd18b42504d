-- add_refused :many  uses refused_delivery_pkey, trigger_miss_pkey  called by data/ingress every two seconds while deliveries
-- are refused
with given as materialized (
    select n.*
    from unnest(
        $1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::bigint[],
        $9::bigint[]
    ) as n (trigger_id, reason, status, content_type, address, first_at, last_at, deliveries, size_bytes)
    join trigger t on t.id = n.trigger_id
),
kept as (
    insert into refused_delivery as r (
        tenant_id, trigger_id, reason, status, content_type, address, first_at, last_at, deliveries, size_bytes
    )
    select
        current_tenant(), n.trigger_id, n.reason, n.status, n.content_type, n.address, n.first_at, n.last_at, n.deliveries,
        n.size_bytes
    from given n
    order by n.trigger_id, n.reason, n.status, n.content_type, n.address
    on conflict (tenant_id, trigger_id, reason, status, content_type, address) do update
    set last_at = greatest(r.last_at, excluded.last_at),
        deliveries = r.deliveries + excluded.deliveries,
        size_bytes = excluded.size_bytes
)
select note_miss(current_tenant(), o.trigger_id, o.reason, o.deliveries, o.last_at)
from (
    select n.trigger_id, n.reason, sum(n.deliveries)::bigint as deliveries, max(n.last_at) as last_at
    from given n
    group by n.trigger_id, n.reason
    order by n.trigger_id, n.reason
    offset 0
) o
