-- enums :many  uses pg_enum  called by read_catalog
-- Labels in their order; a name in public comes before the same name elsewhere
select t.oid, t.typname, e.enumlabel
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
join pg_enum e on e.enumtypid = t.oid
order by n.nspname <> 'public', n.nspname, t.oid, e.enumsortorder
