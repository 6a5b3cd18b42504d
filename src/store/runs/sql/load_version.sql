-- load_version :maybe  by key  called by the engine for a version it has not cached
select v.workflow_id, w.key, v.number, t.slug, v.compiled
from workflow_version v
join workflow w on w.id = v.workflow_id
join tenant t on t.id = v.tenant_id
where v.id = $1::uuid
