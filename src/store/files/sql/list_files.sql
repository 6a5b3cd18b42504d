-- list_files :many  uses file_pkey, backwards  called by the API
select f.id, f.name, f.media_type, f.size_bytes, f.sha256, f.key_id, f.origin, f.created_at, f.expires_at
from file f
where f.tenant_id = current_tenant()
    and ($1::uuid is null or f.id < $1::uuid)
order by f.id desc
limit $2::int
