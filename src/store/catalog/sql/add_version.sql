-- add_version :one  the next minor of the major; of the app's highest major when none is given  called by control/catalog
insert into app_version (tenant_id, id, app_id, major, minor, manifest)
select $1::uuid, $2::uuid, $3::uuid, wanted.major, coalesce(max(v.minor) + 1, 0), $5::json
from (
    select coalesce($4::int, max(major), 1) as major
    from app_version
    where tenant_id = current_tenant()
        and app_id = $3::uuid
) wanted
left join app_version v on v.tenant_id = current_tenant() and v.app_id = $3::uuid and v.major = wanted.major
group by wanted.major
returning id, app_id, major, minor, state, manifest, created_at, published_at
