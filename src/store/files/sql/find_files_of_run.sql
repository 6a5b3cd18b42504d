-- find_files_of_run :many  by keys  called by the engine: those of these files that the run was given
select f.id, f.name, f.media_type, f.size_bytes, f.sha256, f.key_id, f.origin, f.created_at, f.expires_at
from unnest($2::uuid[]) as asked (id)
cross join lateral (
    select u.file_id
    from file_use u
    where u.tenant_id = current_tenant() and u.run_id = $1::uuid and u.file_id = asked.id
    offset 0
) g
cross join lateral (
    select i.id, i.name, i.media_type, i.size_bytes, i.sha256, i.key_id, i.origin, i.created_at, i.expires_at
    from file i
    where i.tenant_id = current_tenant() and i.id = g.file_id
    offset 0
) f
