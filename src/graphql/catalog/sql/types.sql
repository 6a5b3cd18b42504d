-- types :many  uses pg_type  called by read_catalog
-- Every type a column or an argument may have. Domains name what they are made of (`base`).
select
    t.oid,
    t.typname,
    n.nspname,
    -- -1 and not null: bpchar, and not character, which is character(1)
    format_type(t.oid, -1),
    case
        when t.typtype = 'd' then 'd'
        when t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A' then 'a'
        else t.typtype::text
    end,
    t.typbasetype,
    t.typelem,
    -- the table whose rows have this type
    case when c.relkind = 'c' then null else rn.nspname end,
    case when c.relkind = 'c' then null else c.relname end
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
left join pg_namespace rn on rn.oid = c.relnamespace
where n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)'
