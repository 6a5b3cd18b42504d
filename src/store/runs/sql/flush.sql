-- flush :many  by key throughout  called by the journal writer, one statement per tenant and flush, after lock_jobs;
-- answers the runs that were still held: of the others nothing is written. Lines marked `fence` are the fence (see journal.cc).
with entry as materialized (
    select *
    from unnest(
        $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
        $8::timestamptz[], $9::text[], $10::bigint[], $11::boolean[]
    ) as e (
        run_id, epoch, state, failure_kind, error, tier, started_at, finished_at, fate, park_ms, is_dead_letter
    )
),
held as materialized (
    select
        e.run_id, j.place, j.workflow_id, j.workflow_version_id, j.canceled_by, j.canceled_by_name, j.cancel_reason
    from entry e
    left join lateral (
        select
            j.ctid as place, j.workflow_id, j.workflow_version_id, j.canceled_by, j.canceled_by_name, j.cancel_reason
        from job j
        where j.run_id = e.run_id
            and j.epoch = e.epoch -- fence
            and j.state <> 'ready' -- fence
        offset 0
    ) j on true
    where j.place is not null -- fence
),
-- An update that never inserts: going through the key whatever the planner believes about the table's size.
run as (
    insert into workflow_run as r (
        tenant_id, id, workflow_id, workflow_version_id, state, failure_kind, error, tier, started_at, finished_at,
        canceled_by, canceled_by_name, cancel_reason
    )
    select
        current_tenant(), h.run_id, coalesce(h.workflow_id, h.run_id), coalesce(h.workflow_version_id, h.run_id),
        e.state, e.failure_kind, e.error::jsonb, e.tier, e.started_at, e.finished_at,
        case e.state when 'canceled' then h.canceled_by end,
        case e.state when 'canceled' then h.canceled_by_name end,
        case e.state when 'canceled' then h.cancel_reason end
    from held h
    join entry e on e.run_id = h.run_id
    on conflict (tenant_id, id) do update
    set state = excluded.state,
        failure_kind = excluded.failure_kind,
        error = excluded.error,
        tier = coalesce(excluded.tier, r.tier),
        started_at = coalesce(r.started_at, excluded.started_at),
        finished_at = excluded.finished_at,
        canceled_by = excluded.canceled_by,
        canceled_by_name = excluded.canceled_by_name,
        cancel_reason = excluded.cancel_reason
    where r.state not in ('success', 'failed', 'canceled')
),
step as (
    insert into step_run as s (
        tenant_id, run_id, step_id, iteration, position, state, attempt, failure_kind, error, idempotency_key,
        intent_at, started_at, finished_at
    )
    select
        current_tenant(), w.run_id, w.step_id, w.iteration, w.position, w.state, w.attempt, w.failure_kind,
        w.error::jsonb, w.idempotency_key, w.intent_at, w.started_at, w.finished_at
    from unnest(
        $12::uuid[], $13::text[], $14::int[], $15::int[], $16::text[], $17::int[], $18::text[], $19::text[],
        $20::text[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[]
    ) as w (
        run_id, step_id, iteration, position, state, attempt, failure_kind, error, idempotency_key, intent_at,
        started_at, finished_at
    )
    join held h on h.run_id = w.run_id
    on conflict (tenant_id, run_id, step_id, iteration) do update
    set state = excluded.state,
        attempt = excluded.attempt,
        failure_kind = excluded.failure_kind,
        error = excluded.error,
        idempotency_key = coalesce(excluded.idempotency_key, s.idempotency_key),
        intent_at = coalesce(excluded.intent_at, s.intent_at),
        started_at = coalesce(s.started_at, excluded.started_at),
        finished_at = excluded.finished_at
),
value as (
    insert into payload as p (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    select current_tenant(), w.run_id, w.slot, w.size_bytes, w.codec, w.key_id, w.data, w.blob_ref
    from unnest(
        $24::uuid[], $25::text[], $26::int[], $27::smallint[], $28::uuid[], $29::bytea[], $30::text[]
    ) as w (run_id, slot, size_bytes, codec, key_id, data, blob_ref)
    join held h on h.run_id = w.run_id
    on conflict (tenant_id, run_id, slot) do update
    set size_bytes = excluded.size_bytes,
        codec = excluded.codec,
        key_id = excluded.key_id,
        data = excluded.data,
        blob_ref = excluded.blob_ref
),
happened as (
    insert into run_event (tenant_id, run_id, seq, occurred_at, kind, step_id, detail)
    overriding system value
    select current_tenant(), w.run_id, w.seq, w.occurred_at, w.kind, w.step_id, w.detail::jsonb
    from unnest($31::uuid[], $32::bigint[], $33::timestamptz[], $34::text[], $35::text[], $36::text[])
    as w (run_id, seq, occurred_at, kind, step_id, detail)
    join held h on h.run_id = w.run_id
    on conflict do nothing
),
line as (
    insert into execution_log (tenant_id, run_id, seq, logged_at, level, step_id, message)
    overriding system value
    select current_tenant(), w.run_id, w.seq, w.logged_at, w.level, w.step_id, w.message
    from unnest($37::uuid[], $38::bigint[], $39::timestamptz[], $40::text[], $41::text[], $42::text[])
    as w (run_id, seq, logged_at, level, step_id, message)
    join held h on h.run_id = w.run_id
    on conflict do nothing
),
dead as (
    insert into dead_letter (tenant_id, run_id, reason)
    select current_tenant(), e.run_id, coalesce(e.error::jsonb ->> 'message', 'unknown')
    from entry e
    join held h on h.run_id = e.run_id
    where e.is_dead_letter
    on conflict do nothing
),
-- By place: the jobs are locked, so nobody has moved them since.
parked as (
    update job j
    set state = 'ready',
        -- One that was asked to stop meanwhile does not wait.
        run_at = clock_timestamp()
            + case when j.cancel_requested_at is null then e.park_ms else 0 end * interval '1 millisecond',
        lease_until = null,
        worker_id = null,
        crashes = case e.fate when 'crash' then j.crashes + 1 when 'park' then 0 else j.crashes end
    from held h
    join entry e on e.run_id = h.run_id
    where j.ctid = h.place and e.fate in ('park', 'crash', 'postpone')
),
ended as (
    delete from job j
    using held h
    join entry e on e.run_id = h.run_id
    where j.ctid = h.place and e.fate = 'finish'
)
select h.run_id from held h
