-- close_waits :exec  by key throughout  called by the journal writer in a flush that ends runs that may wait
update run_wait w
set state = 'closed',
    ended_at = clock_timestamp()
from unnest($1::uuid[]) as e (run_id)
where w.tenant_id = current_tenant()
    and w.run_id = e.run_id
    and w.state = 'open'
