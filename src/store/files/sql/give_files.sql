-- give_files :one  by keys  called before a run begins with handles in its input, and for files that it made: how many there were
with found as (
    select i.tenant_id, i.id
    from unnest($2::uuid[]) as asked (id)
    cross join lateral (
        select o.tenant_id, o.id
        from file o
        where o.tenant_id = current_tenant() and o.id = asked.id
        offset 0
    ) i
),

given as (
    insert into file_use (tenant_id, run_id, file_id)
    select f.tenant_id, $1::uuid, f.id
    from found f
    on conflict do nothing
)

select count(*) as found from found
