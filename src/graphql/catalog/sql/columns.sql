-- columns :many  uses pg_attribute  called by read_catalog
-- By table, in their order; those that the role may not use in any way are left out
select
    a.attrelid,
    a.attname,
    a.attnum,
    a.atttypid,
    not (a.attnotnull or t.typnotnull),
    a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
    a.attgenerated <> '' or a.attidentity = 'a',
    coalesce(d.description, '')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid
join pg_type t on t.oid = a.atttypid
left join pg_description d
    on d.classoid = 'pg_class'::regclass and d.objoid = c.oid and d.objsubid = a.attnum
where c.relkind in ('r', 'v', 'm', 'f', 'p')
    and not c.relispartition
    and n.nspname <> 'information_schema'
    and n.nspname !~ '^pg_'
    and a.attnum > 0
    and not a.attisdropped
    and (
        has_table_privilege(c.oid, 'select, insert, update')
        or has_column_privilege(c.oid, a.attnum, 'select, insert, update')
    )
order by a.attrelid, a.attnum
