-- What is older than its policy goes: history by whole days, the rest in small batches (store/retention).
set local search_path = weft;
set local role weft_owner;

-- Drops the partitions of days before `before`, oldest first, at most `most` of them, but for the days in `kept`.
-- Security definer: workers may drop days that have passed, and nothing else. A lock not had soon is left to the next.
create function retire_partitions(parent text, before date, kept date[], most int) returns int
language plpgsql security definer
set search_path = weft, pg_temp
set lock_timeout = '500ms'
as $$
declare
    yesterday date := (clock_timestamp() at time zone 'UTC')::date - 1;
    child record;
    dropped int := 0;
begin
    if parent <> all(array['workflow_run', 'step_run', 'payload', 'run_event', 'execution_log']) then
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

-- Old keys are found without a look at all of them.
create index idempotency_key_created_idx on idempotency_key (created_at);
