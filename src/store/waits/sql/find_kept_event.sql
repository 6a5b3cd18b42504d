-- find_kept_event :optional  uses kept_event_name_idx  called by the engine behind lock_event, once its wait is committed
select e.id, e.size_bytes, e.codec, e.key_id, e.data
from kept_event e
where e.tenant_id = current_tenant()
    and e.name = $1::text
    and e.key = $2::text
order by e.id
limit 1
