-- known_files :many  uses file_id_idx  called by the sweep: which of these stored bytes a row refers to
select f.id
from unnest($1::uuid[]) as asked (id)
cross join lateral (
    select i.id
    from file i
    where i.id = asked.id
    offset 0
) f
