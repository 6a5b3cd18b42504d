-- trim_refused :exec  uses refused_delivery_pkey  called by data/ingress after add_refused
delete from refused_delivery r
using (
    select o.ctid as place
    from (select distinct g.trigger_id from unnest($1::uuid[]) as g (trigger_id)) t
    cross join lateral (
        select d.ctid
        from refused_delivery d
        where d.tenant_id = current_tenant() and d.trigger_id = t.trigger_id
        order by d.last_at desc
        offset $2::int
    ) o
) old
where r.ctid = old.place
