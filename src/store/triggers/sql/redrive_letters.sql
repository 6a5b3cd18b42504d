-- redrive_letters :exec  dead_letter_pkey, dead_letter_origin_idx  called behind start_run for a run that repeats another
-- Whatever of the same origin nobody has dealt with is the new run's from here on. Nothing when start_run began nothing.
update dead_letter d
set state = 'redriven',
    redriven_by = $1::uuid,
    settled_at = clock_timestamp()
from dead_letter o
where o.tenant_id = current_tenant()
    and o.run_id = $2::uuid
    and d.tenant_id = current_tenant()
    and d.origin_run_id = o.origin_run_id
    and d.state = 'open'
    and exists (select from job j where j.tenant_id = current_tenant() and j.run_id = $1::uuid)
