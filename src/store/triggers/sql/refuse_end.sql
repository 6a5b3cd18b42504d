-- refuse_end :many  uses refused_delivery_pkey, trigger_miss_pkey  called by data/follower in the transaction that takes an
-- end away
with kept as (
    insert into refused_delivery as r (
        tenant_id, trigger_id, reason, status, content_type, address, first_at, last_at, deliveries, size_bytes
    )
    values ($1::uuid, $2::uuid, $3::text, 0, '', '', statement_timestamp(), statement_timestamp(), 1, 0)
    on conflict (tenant_id, trigger_id, reason, status, content_type, address) do update
    set last_at = excluded.last_at,
        deliveries = r.deliveries + excluded.deliveries
)
select note_miss($1::uuid, $2::uuid, $3::text, 1, statement_timestamp())
