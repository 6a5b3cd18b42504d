-- indexes :many  uses pg_index  called by read_catalog
-- The key columns of every valid index over all rows, up to its first expression; primary keys first
select
    i.indrelid,
    i.indexrelid,
    coalesce(k.conname, c.relname),
    i.indisprimary,
    -- an expression among the columns: not a key
    i.indisunique and i.indexprs is null,
    k.oid is not null,
    a.attname
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class r on r.oid = i.indrelid and r.relkind in ('r', 'm', 'p') and not r.relispartition
join pg_namespace n on n.oid = r.relnamespace
left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u')
cross join lateral unnest(i.indkey::int2[]) with ordinality as u (attnum, at)
left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum > 0
where i.indisvalid
    and i.indpred is null
    and u.at <= i.indnkeyatts
    and n.nspname <> 'information_schema'
    and n.nspname !~ '^pg_'
order by i.indrelid, not i.indisprimary, i.indexrelid, u.at
