-- Whose key it is, and what a keyed start began.
--
-- `caller` is the credential: the token's id, or the person's behind a session. `object_id` is the run of a keyed start:
-- its row is inserted by the transaction that begins the run, hence the key and the run exist together or not at all.
-- Answers from before cannot be told apart by caller; they would have lasted a day.
set local search_path = weft;
set local role weft_owner;

truncate idempotency_key;
alter table idempotency_key
    add column caller uuid not null,
    add column object_id uuid,
    drop constraint idempotency_key_pkey,
    add primary key (tenant_id, caller, operation, key),
    add check (num_nonnulls(object_id, response) = 1);

-- No row is ever without a place.
--
-- What no day's partition takes (its day was not made in time, or the clock that made the id was wrong) lands in the default
-- partition, and the next maintenance makes that day and moves the rows there. Days are UTC, as ids are.

create table workflow_run_default partition of workflow_run default;
create table step_run_default partition of step_run default;
create table payload_default partition of payload default;
create table run_event_default partition of run_event default;
create table execution_log_default partition of execution_log default;

-- Nobody has a grant on a partition. The owner, as which maintenance runs, moves rows of every tenant.
do $$
declare
    parent text;
begin
    foreach parent in array array['workflow_run', 'step_run', 'payload', 'run_event', 'execution_log'] loop
        execute format('alter table %I enable row level security', parent || '_default');
        execute format('alter table %I force row level security', parent || '_default');
        execute format(
            'create policy maintenance on %I to weft_owner using (true) with check (true)', parent || '_default'
        );
    end loop;
end
$$;

-- The UTC day that an id of version 7 begins with.
create function day_of(id uuid) returns date
language sql immutable
return (to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) at time zone 'UTC')::date;

-- Makes one day's partition of one table, with the rows that the default partition holds for it. It is made beside its
-- parent and then attached: that lets others read and write the parent meanwhile.
create function make_partition(parent text, day date) returns boolean
language plpgsql
set search_path = weft, pg_temp
as $$
declare
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    spare text := parent || '_default';
    key text := case parent when 'workflow_run' then 'id' else 'run_id' end;
begin
    if to_regclass('weft.' || child) is not null then
        return false;
    end if;
    execute format('create table weft.%I (like weft.%I including all excluding identity)', child, parent);
    -- Nobody has a grant on a partition; row security is a second lock on the same door.
    execute format('alter table weft.%I enable row level security', child);
    execute format('lock table weft.%I in access exclusive mode', spare);
    execute format(
        'with moved as (delete from weft.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) '
        'insert into weft.%5$I select * from moved',
        spare, key, day_bound(day), day_bound(day + 1), child
    );
    execute format('alter table weft.%I force row level security', child);
    execute format(
        'alter table weft.%I attach partition weft.%I for values from (%L) to (%L)',
        parent, child, day_bound(day), day_bound(day + 1)
    );
    return true;
end
$$;

-- Makes the partitions of yesterday to `days` ahead, and of the days that have rows in a default partition. Security
-- definer: the processes may add partitions, and nothing else. One at a time; a lock not had soon is left to the next.
create or replace function ensure_partitions(days int default 7) returns int
language plpgsql security definer
set search_path = weft, pg_temp
set lock_timeout = '2s'
as $$
declare
    today date := (clock_timestamp() at time zone 'UTC')::date;
    parents text[] := array['workflow_run', 'step_run', 'payload', 'run_event', 'execution_log'];
    wanted date[];
    parent text;
    day date;
    made int := 0;
begin
    perform pg_advisory_xact_lock(7265767);
    select array_agg(distinct d.day order by d.day)
    into wanted
    from (
        select generate_series(today - 1, today + least(days, 31), interval '1 day')::date as day
        union all
        (
            select distinct day_of(o.id) as day
            from (
                select r.id from workflow_run_default r
                union all
                select s.run_id from step_run_default s
                union all
                select p.run_id from payload_default p
                union all
                select e.run_id from run_event_default e
                union all
                select l.run_id from execution_log_default l
            ) as o
            limit 31 -- of an id that is no time at all there may be any number; they have their place as it is
        )
    ) as d;
    foreach day in array wanted loop
        foreach parent in array parents loop
            made := made + make_partition(parent, day)::int;
        end loop;
    end loop;
    return made;
end
$$;
