-- used_space :one  by key  called before an upload begins; `$1` is what a tenant's files may take by default
select
    coalesce((select s.size_bytes from file_space s where s.tenant_id = current_tenant()), 0) as used,
    coalesce((select q.file_bytes_max from tenant_queue q where q.tenant_id = current_tenant()), $1::bigint) as most
