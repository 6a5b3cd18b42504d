-- functions :many  uses pg_proc  called by read_catalog
-- Plain ones that may be called; those of one name stand together
select
    p.oid,
    n.nspname,
    p.proname,
    p.prorettype,
    p.proretset,
    p.provariadic <> 0,
    p.provolatile::text,
    coalesce(d.description, '')
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
left join pg_description d on d.classoid = 'pg_proc'::regclass and d.objoid = p.oid and d.objsubid = 0
where p.prokind = 'f'
    and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and n.nspname <> 'information_schema'
    and n.nspname !~ '^pg_'
    and has_schema_privilege(n.oid, 'usage')
    and has_function_privilege(p.oid, 'execute')
order by n.nspname, p.proname, p.oid
