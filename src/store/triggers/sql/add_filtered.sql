-- add_filtered :many  uses refused_delivery_pkey, trigger_miss_pkey  called by data/poller in the transaction that takes an
-- answer in
with kept as (
    insert into refused_delivery as r (
        tenant_id, trigger_id, reason, status, content_type, address, first_at, last_at, deliveries, size_bytes
    )
    values (
        $1::uuid, $2::uuid, 'filtered', 0, '', '', statement_timestamp(), statement_timestamp(), $3::bigint, $4::bigint
    )
    on conflict (tenant_id, trigger_id, reason, status, content_type, address) do update
    set last_at = excluded.last_at,
        deliveries = r.deliveries + excluded.deliveries,
        size_bytes = excluded.size_bytes
)
select note_miss($1::uuid, $2::uuid, 'filtered', $3::bigint, statement_timestamp())
