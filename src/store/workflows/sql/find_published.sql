-- find_published :many  uses workflow_tenant_id_key_key  called when a definition is checked that begins others
select w.key
from workflow w
where w.tenant_id = current_tenant()
    and w.key = any($1::text[])
    and w.published_version_id is not null
    and w.state <> 'archived'
