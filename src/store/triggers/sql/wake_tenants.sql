-- wake_tenants :exec  tenant_queue_pkey  called by data/ingress as the last statement of a flush
-- Touches idle tenants only: a busy one's row is left to the claimer, who skips locked rows. A claimer that puts the
-- tenant to sleep at this moment is repaired by sweep_tenants. Idling earns no credit.
with asleep as materialized (
    select q.tenant_id
    from tenant_queue q
    where q.tenant_id = any($1::uuid[])
        and not q.active
    order by q.tenant_id
    for update
)
update tenant_queue q
set active = true,
    vtime = greatest(q.vtime, (select coalesce(min(o.vtime), 0) from tenant_queue o where o.active))
from asleep a
where q.tenant_id = a.tenant_id
