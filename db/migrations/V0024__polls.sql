-- Triggers that ask another system for what is new there (data/poller): a list of items, a feed, a mailbox, a table.
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
        || replace(kinds, '[', '[''poll''::text, ''feed''::text, ''mail''::text, ''postgres''::text, ');
end
$$;

-- Settings stand in the trigger; what follows from them, and how far the source has been read, stands here. The cursor and
-- what is remembered outlive switching off, publishing and changes of other settings.
create table trigger_poll (
    tenant_id uuid not null,
    trigger_id uuid not null,
    compiled text not null check (length(compiled) <= 4194304), -- the pinned workflow of one step that asks
    due_at timestamptz, -- null: never
    lease_until timestamptz, -- somebody asks right now
    epoch bigint not null default 0, -- whoever asked under an older one writes nothing
    is_primed boolean not null default false, -- the first answer has been dealt with
    cursor text check (length(cursor) <= 8192), -- JSON
    polled_at timestamptz,
    event_at timestamptz, -- the last time that there was something new
    last_run_id uuid,
    polls bigint not null default 0,
    items bigint not null default 0, -- new ones, also those that began no run
    fired bigint not null default 0, -- runs
    filtered bigint not null default 0,
    failures int not null default 0, -- in a row
    failing_since timestamptz,
    problem text,
    primary key (tenant_id, trigger_id),
    foreign key (tenant_id, trigger_id) references trigger (tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
-- Cross-tenant on purpose: the poller looks for whatever is due.
create index trigger_poll_due_idx on trigger_poll (due_at) where due_at is not null;
call protect('trigger_poll');

-- What a source has shown before, by the digest of its id: the newest of each trigger.
create table polled_item (
    tenant_id uuid not null,
    trigger_id uuid not null,
    item bytea not null check (length(item) = 32),
    seen_at timestamptz not null,
    primary key (tenant_id, trigger_id, item),
    foreign key (tenant_id, trigger_id) references trigger_poll (tenant_id, trigger_id) on delete cascade
);
create index polled_item_age_idx on polled_item (tenant_id, trigger_id, seen_at);
call protect('polled_item');
