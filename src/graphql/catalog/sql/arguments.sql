-- arguments :many  uses pg_proc  called by read_catalog
-- The input ones, in their order; the last `pronargdefaults` of them have a default
select p.oid, coalesce(p.proargnames[u.at], ''), u.type, u.nth > p.pronargs - p.pronargdefaults
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
cross join lateral (
    select v.type, v.at, row_number() over (order by v.at) as nth
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as v (type, at)
    where p.proargmodes is null or p.proargmodes[v.at] in ('i', 'b', 'v')
) as u
where p.prokind = 'f' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
order by p.oid, u.at
