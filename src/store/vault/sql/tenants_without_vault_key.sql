-- tenants_without_vault_key :many  up to 100, across tenants (weft_dispatch)  called by the worker every second
select t.id
from tenant t
where not exists (
    select
    from tenant_key k
    where k.tenant_id = t.id
        and k.class = 'vault'
)
order by t.id
limit 100
