-- What a flush of the journal and a claim lean on.
set local search_path = weft;
set local role weft_owner;

-- Ends a transaction whose leases are not all held any more (store/runs hold_jobs).
create function refuse_stale(missing bigint) returns void
language plpgsql
as $$
begin
    if missing > 0 then
        raise exception '% leases are not held any more', missing using errcode = 'WF002';
    end if;
end
$$;

-- When the tenant's jobs were last claimed: one that had work a moment ago is not put to sleep, since its next event is
-- likely under way (store/queue sweep_tenants).
alter table tenant_queue add column charged_at timestamptz not null default clock_timestamp();

-- A run's rows are changed once or twice soon after they were made: room on their page spares the indexes that.
do $$
declare
    child regclass;
begin
    for child in
        select i.inhrelid
        from pg_inherits i
        where i.inhparent in ('workflow_run'::regclass, 'step_run'::regclass)
    loop
        execute format('alter table %s set (fillfactor = 60)', child);
    end loop;
end
$$;

create or replace function make_partition(parent text, day date) returns boolean
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
    if parent in ('workflow_run', 'step_run') then
        execute format('alter table weft.%I set (fillfactor = 60)', child);
    end if;
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
