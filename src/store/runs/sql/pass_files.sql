-- pass_files :exec  by keys throughout  called by the journal writer in a flush of runs that begin others, and by data/follower
-- before one begins: of these files those that the giver has. An id that it was not given opens nothing for others either.
-- The file's row is locked, lest it goes between this look and the reference to it.
insert into file_use (tenant_id, run_id, file_id)
select current_tenant(), g.run_id, f.id
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as g (run_id, giver_id, file_id)
cross join lateral (
    select o.file_id
    from file_use o
    where o.tenant_id = current_tenant() and o.run_id = g.giver_id and o.file_id = g.file_id
    offset 0
) u
cross join lateral (
    select i.id
    from file i
    where i.tenant_id = current_tenant() and i.id = u.file_id
    offset 0
    for key share
) f
on conflict do nothing
