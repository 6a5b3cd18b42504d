-- newest_version :optional  published before draft before deprecated  called when a connection is stored
select id, app_id, major, minor, state, manifest, created_at, published_at
from app_version
where tenant_id = current_tenant()
    and app_id = $1::uuid
order by case state when 'published' then 0 when 'draft' then 1 else 2 end, major desc, minor desc
limit 1
