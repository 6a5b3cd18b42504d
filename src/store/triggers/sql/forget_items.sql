-- forget_items :exec  uses polled_item_pkey  called by control/triggers when a poll asks another source
delete from polled_item
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
