-- drop_file :one  by key  called by the API, and for files of a delivery that begins no run: whether it was there
with gone as (
    delete from file
    where tenant_id = current_tenant()
        and id = $1::uuid
    returning tenant_id, size_bytes
),

given_back as (
    update file_space s
    set size_bytes = s.size_bytes - g.size_bytes,
        files = s.files - 1
    from gone g
    where s.tenant_id = g.tenant_id
)

select count(*) as gone from gone
