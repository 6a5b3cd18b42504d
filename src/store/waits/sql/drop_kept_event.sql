-- drop_kept_event :one  by key  called by the engine behind lock_event: whether it was still there
with gone as (
    delete from kept_event
    where tenant_id = current_tenant()
        and id = $1::uuid
    returning 1
)

select count(*) as gone from gone
