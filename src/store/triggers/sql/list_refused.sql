-- list_refused :many  uses refused_delivery_pkey  called by the API's trigger page
select reason, status, content_type, address, first_at, last_at, deliveries, size_bytes
from refused_delivery
where tenant_id = current_tenant()
    and trigger_id = $1::uuid
order by last_at desc
limit $2::int
