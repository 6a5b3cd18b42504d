-- count_triggers :one  by tenant  called by control/triggers before one is made; `$1` is what a tenant may have by default
select
    (select count(*) from trigger g where g.tenant_id = current_tenant()) as used,
    coalesce(
        (select q.triggers_max from tenant_queue q where q.tenant_id = current_tenant()), $1::bigint
    ) as most
