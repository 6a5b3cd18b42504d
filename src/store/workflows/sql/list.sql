-- list :many  newest first; $3 null: all but archived ones  uses workflow_pkey  called by control/workflows
select
    w.id, w.key, w.name, w.description, w.state, w.published_version_id, v.number as published_number,
    has_unpublished_changes(w.*), w.created_at, w.updated_at
from workflow w
left join workflow_version v on v.tenant_id = w.tenant_id and v.id = w.published_version_id
where w.tenant_id = current_tenant()
    and ($1::uuid is null or w.id < $1::uuid)
    and case when $3::text is null then w.state <> 'archived' else w.state = $3 end
order by w.id desc
limit $2::int
