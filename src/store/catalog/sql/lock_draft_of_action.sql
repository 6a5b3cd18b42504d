-- lock_draft_of_action :optional  as lock_draft, by an action  uses action_pkey  called before a change
select v.state
from action a
join app_version v on v.tenant_id = a.tenant_id and v.id = a.app_version_id
where a.tenant_id = current_tenant()
    and a.id = $1::uuid
for update of v
