-- resolve_action :optional  highest published minor that has it  uses app_tenant_id_key_key  called when publishing
select v.app_id, v.id as version_id, v.major, v.minor, v.manifest, a.id as action_id, a.definition
from app p
join app_version v on v.tenant_id = p.tenant_id and v.app_id = p.id and v.major = $3::int and v.state = 'published'
join action a on a.tenant_id = v.tenant_id and a.app_version_id = v.id and a.key = $2
where p.tenant_id = current_tenant()
    and p.key = $1
order by v.minor desc
limit 1
