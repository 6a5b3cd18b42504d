-- Triggers that fire by the clock (data/scheduler). A webhook has an address, a schedule has a place in time.
set local search_path = weft;
set local role weft_owner;

alter table trigger
drop constraint trigger_kind_check,
alter column token_hash drop not null,
alter column sealed_token drop not null,
alter column key_id drop not null;
alter table trigger
add constraint trigger_kind_check check (kind in ('webhook', 'schedule')),
add constraint trigger_address_check check (
    (kind = 'webhook') = (token_hash is not null and sealed_token is not null and key_id is not null)
);

-- The rule stands in the trigger's settings; instants that follow from it stand here. A slot that fires is a row of
-- trigger_event, whose key is trigger and slot; its run begins in the transaction that moves this row on.
create table trigger_schedule (
    tenant_id uuid not null,
    trigger_id uuid not null,
    settled_at timestamptz not null, -- slots up to here have fired or were passed over
    next_slot_at timestamptz,
    due_at timestamptz, -- when it is looked at next; null: never (inactive, or nothing to come)
    waiting_slot_at timestamptz, -- fires when the run before it has ended
    tzdata text not null default '', -- the zones' version that the next slot was found with
    last_slot_at timestamptz,
    last_fired_at timestamptz,
    last_run_id uuid,
    fired bigint not null default 0,
    missed bigint not null default 0, -- passed over: too late
    skipped bigint not null default 0, -- passed over: the run before had not ended
    problem text, -- why nothing fires, for its owner
    primary key (tenant_id, trigger_id),
    foreign key (tenant_id, trigger_id) references trigger (tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
-- Cross-tenant on purpose: the scheduler looks for whatever is due.
create index trigger_schedule_due_idx on trigger_schedule (due_at) where due_at is not null;
call protect('trigger_schedule');
