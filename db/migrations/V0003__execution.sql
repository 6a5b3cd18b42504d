-- What happens: events, runs, steps, jobs, payloads, logs.
--
-- The history tables are partitioned by the run's id: a version 7 uuid begins with its time, so a day is a range of ids,
-- all rows of a run share its day's partition, and the key needs no extra column. They carry no foreign keys: a key check
-- per row on the hot path, and a lock on each dropped partition, buy nothing that the fenced writer does not give (ADR).
set local search_path = weft;
set local role weft_owner;

create table workflow_run (
    tenant_id uuid not null,
    id uuid not null,
    workflow_id uuid not null,
    workflow_version_id uuid not null,
    trigger_id uuid,
    rerun_of uuid,
    state text not null default 'queued'
        check (state in ('queued', 'running', 'waiting', 'success', 'failed', 'canceled')),
    failure_kind text check (failure_kind in ('workflow', 'provider', 'limit', 'platform')),
    error jsonb,
    tier text,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    primary key (tenant_id, id),
    check ((state in ('success', 'failed', 'canceled')) = (finished_at is not null))
) partition by range (id);
create index workflow_run_by_workflow_idx on workflow_run (tenant_id, workflow_id, id);
call protect('workflow_run');

create table step_run (
    tenant_id uuid not null,
    run_id uuid not null,
    step_id text not null,
    iteration int not null default 0,
    position int not null,
    state text not null check (state in ('queued', 'running', 'waiting', 'success', 'failed', 'skipped', 'canceled')),
    attempt int not null default 0,
    failure_kind text check (failure_kind in ('workflow', 'provider', 'limit', 'platform')),
    error jsonb,
    idempotency_key text,
    intent_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    primary key (tenant_id, run_id, step_id, iteration)
) partition by range (run_id);
call protect('step_run');

-- One value of a run: `slot` is "input", "trigger", "output", "response", "step.<id>.input" or "step.<id>.output".
create table payload (
    tenant_id uuid not null,
    run_id uuid not null,
    slot text not null,
    size_bytes int not null,
    codec smallint not null,
    key_id uuid not null,
    data bytea,
    blob_ref text,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, run_id, slot),
    check ((data is null) <> (blob_ref is null))
) partition by range (run_id);
call protect('payload');

-- What happened to a run besides its steps' states: failed attempts, resumes, cancellation; ordered by `seq` in a run.
create table run_event (
    tenant_id uuid not null,
    run_id uuid not null,
    seq bigint generated always as identity,
    occurred_at timestamptz not null default clock_timestamp(),
    kind text not null,
    step_id text,
    detail jsonb not null default '{}',
    primary key (tenant_id, run_id, seq)
) partition by range (run_id);
call protect('run_event');

create table execution_log (
    tenant_id uuid not null,
    run_id uuid not null,
    seq bigint generated always as identity,
    logged_at timestamptz not null default clock_timestamp(),
    level text not null check (level in ('debug', 'info', 'warn', 'error')),
    step_id text,
    message text not null,
    primary key (tenant_id, run_id, seq)
) partition by range (run_id);
call protect('execution_log');

-- The inbox: one row per accepted event; the unique key turns a repeated delivery into the first one's run.
create table trigger_event (
    tenant_id uuid not null,
    trigger_id uuid not null,
    dedupe_key text not null check (length(dedupe_key) <= 200),
    run_id uuid not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, trigger_id, dedupe_key)
);
create index trigger_event_received_idx on trigger_event (tenant_id, received_at);
call protect('trigger_event');

-- The queue: one row per live run, deleted when the run ends. `epoch` is the fence: it grows with each claim, and every
-- write of a worker names it.
create table job (
    tenant_id uuid not null,
    run_id uuid not null,
    workflow_id uuid not null,
    workflow_version_id uuid not null,
    state text not null default 'ready' check (state in ('ready', 'leased')),
    run_at timestamptz not null default clock_timestamp(),
    epoch bigint not null default 0,
    lease_until timestamptz,
    worker_id uuid,
    crashes int not null default 0,
    cancel_requested_at timestamptz,
    cancel_reason text,
    deadline_at timestamptz,
    primary key (tenant_id, run_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index job_ready_idx on job (tenant_id, run_at, run_id) where state = 'ready';
-- Cross-tenant on purpose: the reaper looks for lapsed leases of everybody.
create index job_lease_idx on job (lease_until) where state = 'leased';
create index job_leased_tenant_idx on job (tenant_id) where state = 'leased';
call protect('job');

-- Two-level fairness: tenants are served in the order of their virtual time (store/queue).
create table tenant_queue (
    tenant_id uuid primary key references tenant (id),
    active boolean not null default false,
    vtime double precision not null default 0,
    weight double precision not null default 1 check (weight > 0),
    inflight_max int not null default 200 check (inflight_max > 0)
) with (fillfactor = 50);
create index tenant_queue_active_idx on tenant_queue (vtime) where active;
call protect('tenant_queue');

-- A run that may not be tried again: its job is kept here until somebody replays or drops it.
create table dead_letter (
    tenant_id uuid not null references tenant (id),
    run_id uuid not null,
    reason text not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, run_id)
);
call protect('dead_letter');

-- The lowest version 7 uuid of a day: 48 bits of milliseconds, then zeros.
create function day_bound(day date) returns uuid
language sql immutable
return (lpad(to_hex((extract(epoch from day::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- Makes the partitions of yesterday to `days` ahead. Security definer: workers may add partitions, and nothing else.
create function ensure_partitions(days int default 7) returns int
language plpgsql security definer
set search_path = weft, pg_temp
as $$
declare
    parent text;
    day date;
    child text;
    made int := 0;
begin
    foreach parent in array array['workflow_run', 'step_run', 'payload', 'run_event', 'execution_log'] loop
        for day in select generate_series(current_date - 1, current_date + least(days, 31), interval '1 day')::date loop
            child := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
            if to_regclass('weft.' || child) is null then
                execute format(
                    'create table weft.%I partition of weft.%I for values from (%L) to (%L)',
                    child, parent, weft.day_bound(day), weft.day_bound(day + 1)
                );
                -- Nobody has a grant on a partition; row security is a second lock on the same door.
                execute format('alter table weft.%I enable row level security', child);
                execute format('alter table weft.%I force row level security', child);
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end
$$;
select ensure_partitions(7);

-- A run ends once. The guard stands in the database, below every program that might forget it.
create function refuse_second_end() returns trigger
language plpgsql
as $$
begin
    raise exception 'run % has ended as %', old.id, old.state using errcode = 'WF001';
end
$$;
create trigger workflow_run_ends_once
before update on workflow_run
for each row
when (old.state in ('success', 'failed', 'canceled'))
execute function refuse_second_end();
