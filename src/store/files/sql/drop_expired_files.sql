-- drop_expired_files :many  uses file_expires_idx  called by the sweep, by one worker at a time
-- What a run uses that has not ended stays: looked at again in a day, so that it does not stand before the others.
with old as materialized (
    select
        o.ctid as place,
        exists (
            select
            from (
                select g.run_id
                from file_use g
                where g.tenant_id = o.tenant_id and g.file_id = o.id
                offset 0
            ) u
            cross join lateral (
                select
                from job j
                where j.tenant_id = o.tenant_id and j.run_id = u.run_id
                offset 0
            ) l
        ) as is_used
    from file o
    where o.expires_at <= clock_timestamp()
    order by o.expires_at
    limit $1::int
    for update
),

kept as (
    update file f
    set expires_at = clock_timestamp() + interval '1 day'
    where f.ctid = any(array(select o.place from old o where o.is_used))
),

gone as (
    delete from file f
    where f.ctid = any(array(select o.place from old o where not o.is_used))
    returning f.tenant_id, f.id, f.size_bytes
),

sums as (
    select g.tenant_id, sum(g.size_bytes) as size_bytes, count(*) as files
    from gone g
    group by g.tenant_id
),

given_back as (
    update file_space s
    set size_bytes = s.size_bytes - t.size_bytes,
        files = s.files - t.files
    from sums t
    where s.tenant_id = t.tenant_id
)

select g.id, g.size_bytes from gone g
