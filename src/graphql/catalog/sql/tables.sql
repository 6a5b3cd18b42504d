-- tables :many  uses pg_class  called by read_catalog
-- Whatever has rows and may be used in some way, but not the partitions of a table
select
    c.oid,
    n.nspname,
    c.relname,
    c.relkind::text,
    c.relrowsecurity,
    -- bits: 4 update, 8 insert, 16 delete; triggers instead of it count
    pg_relation_is_updatable(c.oid, true),
    coalesce(d.description, '')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = 0
where c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not c.relispartition
    and n.nspname <> 'information_schema'
    and n.nspname !~ '^pg_'
    and has_schema_privilege(n.oid, 'usage')
    and (
        has_table_privilege(c.oid, 'select, insert, update, delete')
        or has_any_column_privilege(c.oid, 'select, insert, update')
    )
order by c.oid
