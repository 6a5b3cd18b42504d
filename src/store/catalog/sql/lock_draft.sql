-- lock_draft :optional  the version's state, held against a publish meanwhile  uses app_version_pkey  called before a change
select state
from app_version
where tenant_id = current_tenant()
    and id = $1::uuid
for update
