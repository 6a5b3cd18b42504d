-- add_file :one  one row, and the tenant's of file_space  called once the bytes are durable: whether there was room
with quota as materialized (
    select coalesce(
        (select q.file_bytes_max from tenant_queue q where q.tenant_id = current_tenant()), $9::bigint
    ) as most
),

taken as (
    insert into file_space as s (tenant_id, size_bytes, files)
    select current_tenant(), $5::bigint, 1
    where $5::bigint <= (select q.most from quota q)
    on conflict (tenant_id) do update
    set size_bytes = s.size_bytes + excluded.size_bytes,
        files = s.files + 1
    where s.size_bytes + excluded.size_bytes <= (select q.most from quota q)
    returning 1
),

added as (
    insert into file (tenant_id, id, name, media_type, size_bytes, sha256, key_id, origin, expires_at)
    select
        current_tenant(), $1::uuid, $2::text, $3::text, $5::bigint, $4::bytea, $6::uuid, $7::text,
        clock_timestamp() + $8::bigint * interval '1 second'
    from taken
    returning 1
)

select count(*) as added from added
