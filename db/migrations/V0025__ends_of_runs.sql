-- Runs that begin when others have ended: the ends that a trigger may wait for, until data/follower has looked at them.
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
        || replace(kinds, '[', '[''event''::text, ');
end
$$;
create index trigger_of_ends_idx on trigger (tenant_id) where kind = 'event' and state = 'active';

-- Written by the transaction that ends the run, taken away by the one that begins what follows.
create table run_end (
    tenant_id uuid not null,
    run_id uuid not null,
    workflow_id uuid not null,
    state text not null check (state in ('success', 'failed', 'canceled')),
    failure_kind text,
    error jsonb,
    cause text, -- of the run that has ended, as in workflow_run
    depth smallint not null,
    ended_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, run_id)
);
-- Cross-tenant on purpose: who follows looks at the oldest of everybody.
create index run_end_age_idx on run_end (ended_at);
call protect('run_end');
