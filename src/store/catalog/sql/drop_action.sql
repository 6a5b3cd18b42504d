-- drop_action :optional  uses action_pkey  called after lock_draft_of_action
delete from action
where tenant_id = current_tenant()
    and id = $1::uuid
returning id
