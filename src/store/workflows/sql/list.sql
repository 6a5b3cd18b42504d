-- list :many  newest first  uses workflow_pkey  called by control/workflows
select w.id, w.key, w.name, w.description, w.published_version_id, v.number, w.created_at, w.updated_at
from workflow w
left join workflow_version v on v.tenant_id = w.tenant_id and v.id = w.published_version_id
where w.tenant_id = current_tenant()
    and ($1::uuid is null or w.id < $1::uuid)
order by w.id desc
limit $2::int
