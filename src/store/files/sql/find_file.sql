-- find_file :optional  by key  called by the API
select f.id, f.name, f.media_type, f.size_bytes, f.sha256, f.key_id, f.origin, f.created_at, f.expires_at
from file f
where f.tenant_id = current_tenant()
    and f.id = $1::uuid
