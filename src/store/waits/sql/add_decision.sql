-- add_decision :one  by key  called behind lock_job: whether the matter is open, and whether this one is new
with still as (
    select w.tenant_id, w.run_id, w.step_id, w.iteration
    from run_wait w
    where w.tenant_id = current_tenant()
        and w.run_id = $1::uuid
        and w.step_id = $2::text
        and w.iteration = $3::bigint
        and w.state = 'open'
        and w.deadline_at > clock_timestamp()
),

added as (
    insert into approval_decision (
        tenant_id, run_id, step_id, iteration, decider, name, is_approved, size_bytes, codec, key_id, data
    )
    select
        s.tenant_id, s.run_id, s.step_id, s.iteration, $4::text, $5::text, $6::boolean, $7::int, $8::smallint, $9::uuid,
        $10::bytea
    from still s
    on conflict do nothing
    returning 1
)

select exists (select from still) as is_open, exists (select from added) as is_new
