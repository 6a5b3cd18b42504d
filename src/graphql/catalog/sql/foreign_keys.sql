-- foreign_keys :many  uses pg_constraint  called by read_catalog
-- A row per pair of columns, in the constraint's order
select k.conrelid, k.oid, k.conname, n.nspname, r.relname, a.attname, b.attname
from pg_constraint k
join pg_class r on r.oid = k.confrelid
join pg_namespace n on n.oid = r.relnamespace
cross join lateral unnest(k.conkey, k.confkey) with ordinality as u (mine, theirs, at)
join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.mine
join pg_attribute b on b.attrelid = k.confrelid and b.attnum = u.theirs
-- those with a parent belong to partitions
where k.contype = 'f' and k.conparentid = 0
order by k.conrelid, k.conname, k.oid, u.at
