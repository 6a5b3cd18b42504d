-- trim_items :exec  uses polled_item_age_idx  called by data/poller after `$3` new items were remembered
with counted as (
    update trigger_poll p
    set items = p.items + $3::bigint
    where p.tenant_id = $1::uuid
        and p.trigger_id = $2::uuid
),
gone as materialized (
    select i.ctid as place
    from (
        select o.ctid, o.seen_at, row_number() over (order by o.seen_at desc) as age
        from polled_item o
        where o.tenant_id = $1::uuid
            and o.trigger_id = $2::uuid
    ) as i
    where i.age > $4::int
        or i.seen_at < statement_timestamp() - interval '90 days'
)
delete from polled_item i
using gone g
where i.ctid = g.place
