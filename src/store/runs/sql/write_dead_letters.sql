-- write_dead_letters :exec  by key throughout  called by the journal writer in a flush that has some
insert into dead_letter (tenant_id, run_id, reason)
select current_tenant(), e.run_id, coalesce(e.error::jsonb ->> 'message', 'unknown')
from unnest($1::uuid[], $2::text[]) as e (run_id, error)
on conflict do nothing
