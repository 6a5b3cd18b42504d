-- copy_actions :exec  of the previous minor into a new draft  called after add_version
insert into action (tenant_id, id, app_version_id, key, name, definition)
select a.tenant_id, gen_random_uuid(), $1::uuid, a.key, a.name, a.definition
from action a
where a.tenant_id = current_tenant()
    and a.app_version_id = (
        select v.id
        from app_version v
        join app_version made on made.tenant_id = v.tenant_id and made.id = $1::uuid
        where v.tenant_id = current_tenant()
            and v.app_id = made.app_id
            and v.major = made.major
            and v.minor < made.minor
        order by v.minor desc
        limit 1
    )
