-- Triggers that listen to another PostgreSQL's NOTIFY: somebody holds a connection for them (docs/adr/0054).
set local search_path = weft;
set local role weft_owner;

do $$
declare
    kinds text;
begin
    -- Kinds are added by several migrations: what there is stays.
    select pg_get_constraintdef(oid) into strict kinds
    from pg_constraint
    where conrelid = 'weft.trigger'::regclass and conname = 'trigger_kind_check';
    alter table trigger drop constraint trigger_kind_check;
    execute 'alter table weft.trigger add constraint trigger_kind_check '
        || replace(kinds, '[', '[''notify''::text, ');
end
$$;

alter table trigger_poll
add column is_held boolean not null default false, -- whoever claims it keeps it and renews the lease
add column heard_until timestamptz; -- when it was last certain that somebody listened

-- Workers look for the two apart: each has room for so many.
create index trigger_poll_free_by_way_idx on trigger_poll (is_held, greatest(due_at, lease_until)) where due_at is not null;
drop index trigger_poll_free_idx;
