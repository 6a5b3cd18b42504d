-- Alerts: what people and other systems are told when runs end (data/alerter).
set local search_path = weft;
set local role weft_owner;

-- A rule: what it is about, whom it tells, and where its messages stand. Who is told is sealed to the vault: an address of
-- Slack is a secret.
create table alert_rule (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    workflow_id uuid, -- null: all
    states text[] not null check (cardinality(states) > 0 and states <@ '{success,failed,canceled}'),
    failure_kinds text[] check (failure_kinds <@ '{workflow,provider,limit,platform}'), -- null: all
    channel text not null check (channel in ('webhook', 'slack', 'email')),
    target text not null check (length(target) <= 4096), -- as it is shown: a host, or addresses of e-mail
    sealed_target bytea not null,
    previous_until timestamptz, -- the secret before this one holds so long
    group_ms bigint not null check (group_ms between 0 and 86400000),
    quiet json, -- null: never quiet
    state text not null default 'active' check (state in ('active', 'disabled')),
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    -- What is to be sent, and how that goes
    due_at timestamptz, -- of the next attempt; null: there is nothing to send
    pending bigint not null default 0, -- ends that no message has taken yet
    message_id uuid, -- of the message under way: the same at each attempt
    message_ends bigint not null default 0, -- that it tells of
    message_at timestamptz, -- when it was made
    attempts int not null default 0, -- of it
    test_id uuid, -- a message that somebody has asked for, to try the rule
    test_at timestamptz,
    tested_at timestamptz,
    test_problem text,
    lease_until timestamptz, -- somebody sends right now
    epoch bigint not null default 0, -- whoever sends under an older one writes nothing
    sent_at timestamptz,
    sent bigint not null default 0, -- messages
    told bigint not null default 0, -- ends in them
    lost bigint not null default 0, -- ends in messages that nobody took
    silenced bigint not null default 0, -- ends in quiet hours that drop them
    failing_since timestamptz,
    problem text,
    primary key (tenant_id, id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
create index alert_rule_workflow_idx on alert_rule (tenant_id, workflow_id);
create index alert_rule_active_idx on alert_rule (tenant_id) where state = 'active';
-- Cross-tenant on purpose: who sends looks for whatever is due.
create index alert_rule_due_idx on alert_rule (least(due_at, test_at)) where due_at is not null or test_at is not null;
call protect('alert_rule');

-- What webhooks are signed with, by each that holds. Rows, and no columns of the rule: the api, which replaces one, may write
-- but never read them.
create table alert_secret (
    tenant_id uuid not null,
    rule_id uuid not null,
    id uuid not null default gen_random_uuid(),
    sealed bytea not null,
    until timestamptz, -- null: it is the newest
    primary key (tenant_id, rule_id, id),
    foreign key (tenant_id, rule_id) references alert_rule (tenant_id, id) on delete cascade
);
call protect('alert_secret');

-- An end that a message names: of each message the first 100.
create table alert (
    tenant_id uuid not null,
    rule_id uuid not null,
    run_id uuid not null,
    workflow_id uuid not null,
    state text not null,
    failure_kind text,
    message text,
    ended_at timestamptz not null,
    message_id uuid, -- that tells of it; null: the next one
    primary key (tenant_id, rule_id, run_id),
    foreign key (tenant_id, rule_id) references alert_rule (tenant_id, id) on delete cascade
);
call protect('alert');
