-- close_wait :exec  by key  called by the engine at a wait's deadline; the job's lock comes first, as whoever answers has it
with held as materialized (
    select j.run_id
    from job j
    where j.tenant_id = current_tenant()
        and j.run_id = $1::uuid
        and j.epoch = $2::bigint
    for update
)

update run_wait w
set state = 'closed',
    ended_at = clock_timestamp()
from held h
where w.tenant_id = current_tenant()
    and w.run_id = h.run_id
    and w.step_id = $3::text
    and w.iteration = $4::bigint
    and w.state = 'open'
