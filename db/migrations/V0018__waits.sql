-- Runs that wait for somebody: a callback, an event, an approval. A row each, which says what would end the wait and until
-- when; no process holds it. The answer is a value of the run (payload), taken in with the wake-up of the job.
set local search_path = weft;
set local role weft_owner;

-- Something was answered since the job was claimed: it must not be parked for longer than that takes to be read.
alter table job add column is_signaled boolean not null default false;

create table run_wait (
    tenant_id uuid not null,
    run_id uuid not null,
    step_id text not null,
    iteration bigint not null default 0,
    kind text not null check (kind in ('callback', 'event', 'approval')),
    state text not null default 'open' check (state in ('open', 'answered', 'closed')),
    token_hash bytea check (octet_length(token_hash) = 32), -- SHA-256 of what its address ends with
    event_name text,
    event_key text,
    policy jsonb, -- of an approval: who decides, and how many of them
    opened_at timestamptz not null default clock_timestamp(),
    deadline_at timestamptz not null,
    ended_at timestamptz,
    failure text, -- of an answered one: why its step fails nevertheless
    primary key (tenant_id, run_id, step_id, iteration),
    check ((state = 'open') = (ended_at is null)),
    check ((kind = 'event') = (event_name is not null and event_key is not null))
);
-- Cross-tenant on purpose: an address does not say whose it is.
create unique index run_wait_token_hash_key on run_wait (token_hash) where token_hash is not null;
create index run_wait_event_idx on run_wait (tenant_id, event_name, event_key) where state = 'open' and kind = 'event';
create index run_wait_open_idx on run_wait (tenant_id, kind, run_id) where state = 'open';
-- Cross-tenant on purpose: what has passed goes by its age.
create index run_wait_ended_idx on run_wait (ended_at) where ended_at is not null;
call protect('run_wait');

-- An event that nobody waited for when it came: kept for a while for the first that does.
create table kept_event (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    key text not null,
    size_bytes int not null,
    codec smallint not null,
    key_id uuid not null,
    data bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id)
);
create index kept_event_name_idx on kept_event (tenant_id, name, key, id);
-- Cross-tenant on purpose: what has passed goes by its age.
create index kept_event_received_idx on kept_event (received_at);
call protect('kept_event');

-- Who decided what of an approval; comment and form are sealed.
create table approval_decision (
    tenant_id uuid not null,
    run_id uuid not null,
    step_id text not null,
    iteration bigint not null default 0,
    decider text not null, -- a person's id, or 'link'
    name text not null,
    is_approved boolean not null,
    size_bytes int not null,
    codec smallint not null,
    key_id uuid not null,
    data bytea not null,
    decided_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, run_id, step_id, iteration, decider),
    foreign key (tenant_id, run_id, step_id, iteration)
    references run_wait (tenant_id, run_id, step_id, iteration) on delete cascade
);
call protect('approval_decision');

-- The tenant's own members are known to it by their addresses, which approvals name.
create policy of_members on app_user for select to weft_api
using (
    exists (select from weft.membership m where m.tenant_id = weft.current_tenant() and m.user_id = app_user.id)
);
