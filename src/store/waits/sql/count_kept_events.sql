-- count_kept_events :one  uses kept_event_pkey; counts to `$1`  called before one more is kept
select count(*)
from (select from kept_event where tenant_id = current_tenant() limit $1::bigint) as e
