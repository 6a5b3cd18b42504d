-- load_version :maybe  by key  called by the engine for a version it has not cached
-- `number` 0: what a test runs.
select v.workflow_id, w.key, v.number, t.slug, v.compiled
from (
    select v.tenant_id, v.workflow_id, v.number, v.compiled from workflow_version v where v.id = $1::uuid
    union all
    select v.tenant_id, v.workflow_id, 0, v.compiled from test_version v where v.id = $1::uuid
) v
join workflow w on w.id = v.workflow_id
join tenant t on t.id = v.tenant_id
