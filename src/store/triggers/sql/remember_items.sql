-- remember_items :one  uses polled_item_pkey  called by data/poller in the transaction that takes an answer in
-- How many are new. What the source still shows is kept as long as it does; a row is written once a day at most.
with given as materialized (
    select distinct g.item -- two messages may be known by one digest
    from unnest($3::bytea[]) as g (item)
    order by g.item
),
added as (
    insert into polled_item as i (tenant_id, trigger_id, item, seen_at)
    select $1::uuid, $2::uuid, g.item, statement_timestamp()
    from given g
    on conflict (tenant_id, trigger_id, item) do update
    set seen_at = excluded.seen_at
    where i.seen_at < excluded.seen_at - interval '1 day'
    returning xmax = 0 as is_new
)
select count(*) filter (where is_new) as items
from added
