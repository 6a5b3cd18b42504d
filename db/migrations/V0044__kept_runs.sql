-- A run that outlives its day's time (it waits for years, or ended only yesterday) no longer keeps that day with all its runs:
-- its rows move to one partition for all such runs, and the day goes (docs/adr/0055).
set local search_path = weft;
set local role weft_owner;

do $$
declare
    parent text;
begin
    foreach parent in array array(select history_tables()) loop
        execute format(
            'create table %I partition of %I for values from (%L) to (%L)',
            parent || '_kept', parent, day_bound('2000-01-01'), day_bound('2000-01-02')
        );
        execute format('alter table %I enable row level security', parent || '_kept');
        execute format('alter table %I force row level security', parent || '_kept');
        execute format('create policy maintenance on %I to weft_owner using (true) with check (true)', parent || '_kept');
    end loop;
end
$$;

create function history_key(parent text) returns text
language plpgsql stable
set search_path = weft, pg_temp
as $$
begin
    if not exists (select from history_tables() h where h = parent) then
        raise exception '% is not a history table', parent;
    end if;
    return case parent when 'workflow_run' then 'id' else 'run_id' end;
end
$$;

-- Drops a past day's partition of one table. Rows of the runs that are given (tenants and ids, place by place) move to the
-- partition of kept runs, which then reaches to the end of that day; how many. -1: not now, since they are more than `most`,
-- an older day is still there, or a lock was not had soon. Whoever reads or writes the table waits meanwhile.
-- Security definer: workers may do this to days that have passed, and nothing else.
create function retire_day(parent text, day date, tenants uuid[], runs uuid[], most int) returns int
language plpgsql security definer
set search_path = weft, pg_temp
set lock_timeout = '500ms'
as $$
declare
    key text := history_key(parent);
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    keeper text := parent || '_kept';
    moved int := 0;
begin
    if day >= (clock_timestamp() at time zone 'UTC')::date - 1 or to_regclass('weft.' || child) is null then
        return -1;
    end if;
    begin
        if cardinality(runs) > 0 then
            execute format('alter table weft.%I no force row level security', child);
            execute format(
                'select count(*) from (select from unnest($1, $2) as k (tenant_id, run_id) cross join lateral '
                '(select from weft.%I d where d.tenant_id = k.tenant_id and d.%I = k.run_id offset 0) d limit $3) w',
                child, key
            ) into moved using tenants, runs, most + 1;
        end if;
        if moved > 0 and (moved > most or exists (
            select
            from pg_inherits i
            join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ('weft.' || parent)::regclass and c.relname ~ '_[0-9]{8}$' and c.relname < child
        )) then
            execute format('alter table weft.%I force row level security', child);
            return -1;
        end if;
        if moved > 0 then
            execute format('alter table weft.%I detach partition weft.%I', parent, child);
            execute format('alter table weft.%I detach partition weft.%I', parent, keeper);
            execute format(
                'insert into weft.%I select d.* from unnest($1, $2) as k (tenant_id, run_id) cross join lateral '
                '(select * from weft.%I d where d.tenant_id = k.tenant_id and d.%I = k.run_id offset 0) d',
                keeper, child, key
            ) using tenants, runs;
            -- What the default partition has of these days has no place there once they are the keeper's.
            execute format(
                'with strays as (delete from weft.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) '
                'insert into weft.%5$I select * from strays',
                parent || '_default', key, day_bound('2000-01-01'), day_bound(day + 1), keeper
            );
        end if;
        execute format('drop table weft.%I', child);
        if moved > 0 then
            execute format(
                'alter table weft.%I attach partition weft.%I for values from (%L) to (%L)',
                parent, keeper, day_bound('2000-01-01'), day_bound(day + 1)
            );
        end if;
    exception
        when lock_not_available then return -1;
    end;
    return moved;
end
$$;
drop function retire_partitions(text, date, date[], int);

-- The runs whose rows of a table are kept apart from their day; no more of them than that.
create function kept_runs(parent text, most int) returns table (tenant_id uuid, run_id uuid)
language plpgsql stable security definer
set search_path = weft, pg_temp
as $$
begin
    return query execute format(
        'select distinct k.tenant_id, k.%I from weft.%I k limit $1', history_key(parent), parent || '_kept'
    ) using most;
end
$$;

-- Deletes those rows of these runs (place by place); how many.
create function forget_kept(parent text, tenants uuid[], runs uuid[]) returns int
language plpgsql security definer
set search_path = weft, pg_temp
as $$
declare
    gone int;
begin
    execute format(
        'delete from weft.%I d using unnest($1, $2) as k (tenant_id, run_id) where d.tenant_id = k.tenant_id and d.%I = k.run_id',
        parent || '_kept', history_key(parent)
    ) using tenants, runs;
    get diagnostics gone = row_count;
    return gone;
end
$$;

-- The names of large values of kept runs, which outlive the days of the blob folder; no more of them than that.
create function kept_blobs(most int) returns setof uuid
language sql stable security definer
set search_path = weft, pg_temp
as $$
select k.blob_ref::uuid from payload_kept k where k.blob_ref is not null limit most
$$;
