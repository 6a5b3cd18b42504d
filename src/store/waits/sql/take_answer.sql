-- take_answer :one  by key throughout  called behind lock_job
-- By place, found by the key, as store/runs park_jobs: the job is locked and stays there.
with held as materialized (
    select j.ctid as place
    from job j
    where j.tenant_id = current_tenant()
        and j.run_id = $1::uuid
        and j.cancel_requested_at is null
    limit 1
),

taken as (
    update run_wait w
    set state = 'answered',
        ended_at = clock_timestamp(),
        failure = $4::text
    from held h
    where w.tenant_id = current_tenant()
        and w.run_id = $1::uuid
        and w.step_id = $2::text
        and w.iteration = $3::bigint
        and w.state = 'open'
        and w.deadline_at > clock_timestamp()
    returning w.tenant_id, w.run_id, h.place
),

kept as (
    insert into payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    select t.tenant_id, t.run_id, $5::text, $6::int, $7::smallint, $8::uuid, $9::bytea, $10::text
    from taken t
),

woken as (
    update job j
    set is_signaled = true,
        run_at = least(j.run_at, clock_timestamp())
    from taken t
    where j.ctid = t.place
)

select count(*) as taken
from taken
