-- Finding runs: by the marks that their authors give them, by how they ended, by what began them (docs/adr/0047).
set local search_path = weft;
set local role weft_owner;

-- What the author of a workflow wants its runs to be found by: tags (name 'tag') and values with a name. In "C" order, so
-- that values with the same beginning stand together.
create table run_mark (
    tenant_id uuid not null,
    name text collate "C" not null check (octet_length(name) between 1 and 63),
    value text collate "C" not null check (octet_length(value) between 1 and 256),
    run_id uuid not null,
    primary key (tenant_id, name, value, run_id)
) partition by range (run_id);
-- Those of a run, and the runs of a name in order.
create index run_mark_by_run_idx on run_mark (tenant_id, run_id);
create index run_mark_by_name_idx on run_mark (tenant_id, name, run_id);
call protect('run_mark');
create table run_mark_default partition of run_mark default;
alter table run_mark_default enable row level security;
alter table run_mark_default force row level security;
create policy maintenance on run_mark_default to weft_owner using (true) with check (true);

-- None of these names a column that changes when a run goes well: such a change leaves all indexes alone (V0015).
create index workflow_run_failed_idx on workflow_run (tenant_id, id) where failure_kind is not null;
create index workflow_run_failed_of_workflow_idx on workflow_run (tenant_id, workflow_id, id) where failure_kind is not null;
create index workflow_run_canceled_idx on workflow_run (tenant_id, id)
where canceled_by_name is not null or cancel_reason is not null;
create index workflow_run_by_trigger_idx on workflow_run (tenant_id, trigger_id, id) where trigger_id is not null;

-- Whether a run is one that is looked for; what is null is not asked about. The planner puts its text into the statement.
create function run_fits(
    r workflow_run, states text[], workflow uuid, version uuid, triggers uuid[], begun_by text, failure text, said text,
    started_from timestamptz, started_to timestamptz, finished_from timestamptz, finished_to timestamptz,
    ms_min bigint, ms_max bigint, parent uuid
) returns boolean
language sql stable
as $$
select coalesce(
    (states is null or r.state = any(states))
    and (workflow is null or r.workflow_id = workflow)
    and (version is null or r.workflow_version_id = version)
    and (triggers is null or r.trigger_id = any(triggers))
    and (
        begun_by is null
        or case
            when r.rerun_of is not null then 'rerun'
            when r.cause is not null then r.cause
            when r.trigger_id is null then 'manual'
        end = begun_by
    )
    and (parent is null or r.parent_run_id = parent)
    and (failure is null or r.failure_kind = failure)
    and (started_from is null or r.started_at >= started_from)
    and (started_to is null or r.started_at <= started_to)
    and (finished_from is null or r.finished_at >= finished_from)
    and (finished_to is null or r.finished_at <= finished_to)
    and (ms_min is null or r.finished_at - coalesce(r.started_at, r.created_at) >= ms_min * interval '1 millisecond')
    and (ms_max is null or r.finished_at - coalesce(r.started_at, r.created_at) <= ms_max * interval '1 millisecond')
    and (said is null or position(lower(said) in lower(r.error ->> 'message')) > 0),
    false
)
$$;

-- The tables that have a partition for each day: those with a default partition.
create function history_tables() returns setof text
language sql stable
set search_path = weft, pg_temp
as $$
select c.relname::text
from pg_class c
join pg_partitioned_table p on p.partrelid = c.oid
where c.relnamespace = 'weft'::regnamespace and p.partdefid <> 0
order by c.relname
$$;

create or replace function ensure_partitions(days int default 7) returns int
language plpgsql security definer
set search_path = weft, pg_temp
set lock_timeout = '2s'
as $$
declare
    today date := (clock_timestamp() at time zone 'UTC')::date;
    parents text[] := array(select history_tables());
    wanted date[];
    strays date[];
    parent text;
    day date;
    made int := 0;
begin
    perform pg_advisory_xact_lock(7265767);
    wanted := array(select generate_series(today - 1, today + least(days, 31), interval '1 day')::date);
    foreach parent in array parents loop
        -- Of an id that is no time at all there may be any number; they have their place as it is.
        execute format(
            'select array(select distinct weft.day_of(%I) from weft.%I limit 31)',
            case parent when 'workflow_run' then 'id' else 'run_id' end, parent || '_default'
        ) into strays;
        wanted := wanted || strays;
    end loop;
    wanted := array(select distinct w.day from unnest(wanted) as w (day) order by w.day);
    foreach day in array wanted loop
        foreach parent in array parents loop
            made := made + make_partition(parent, day)::int;
        end loop;
    end loop;
    return made;
end
$$;

create or replace function retire_partitions(parent text, before date, kept date[], most int) returns int
language plpgsql security definer
set search_path = weft, pg_temp
set lock_timeout = '500ms'
as $$
declare
    yesterday date := (clock_timestamp() at time zone 'UTC')::date - 1;
    child record;
    dropped int := 0;
begin
    if not exists (select from history_tables() h where h = parent) then
        raise exception '% is not a history table', parent;
    end if;
    for child in
        select c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') as day
        from pg_inherits i
        join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ('weft.' || parent)::regclass
            and c.relname ~ '_[0-9]{8}$'
        order by c.relname
    loop
        exit when child.day >= least(before, yesterday) or dropped >= most;
        continue when child.day = any(kept);
        begin
            execute format('drop table weft.%I', child.relname);
        exception
            when lock_not_available then exit;
        end;
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;
select ensure_partitions(7);
