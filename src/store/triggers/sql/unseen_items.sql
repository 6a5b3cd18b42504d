-- unseen_items :many  uses polled_item_pkey  called by data/poller with the items of an answer
select g.position
from unnest($3::bytea[]) with ordinality as g (item, position)
where not exists (
    select
    from polled_item i
    where i.tenant_id = $1::uuid
        and i.trigger_id = $2::uuid
        and i.item = g.item
)
order by g.position
