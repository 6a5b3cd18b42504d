-- What people define: apps and actions, connections, workflows, triggers.
set local search_path = weft;
set local role weft_owner;

create table app (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    key text not null check (key ~ '^[a-z][a-z0-9-]{0,62}$'),
    name text not null check (length(name) between 1 and 200),
    description text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, key)
);
call protect('app');

create table app_version (
    tenant_id uuid not null,
    id uuid not null,
    app_id uuid not null,
    major int not null check (major between 1 and 100000),
    minor int not null default 0 check (minor between 0 and 100000),
    status text not null default 'draft' check (status in ('draft', 'published', 'deprecated')),
    manifest jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    published_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, app_id, major, minor),
    foreign key (tenant_id, app_id) references app (tenant_id, id) on delete cascade
);
call protect('app_version');

create table action (
    tenant_id uuid not null,
    id uuid not null,
    app_version_id uuid not null,
    key text not null check (key ~ '^[a-z][a-z0-9-]{0,62}$'),
    name text not null check (length(name) between 1 and 200),
    definition jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, app_version_id, key),
    foreign key (tenant_id, app_version_id) references app_version (tenant_id, id) on delete cascade
);
call protect('action');

-- Key classes: `vault` asymmetric, private half wrapped for the worker; `ingress` and `data` symmetric, wrapped for both.
create table tenant_key (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    class text not null check (class in ('vault', 'ingress', 'data')),
    version int not null check (version >= 1),
    public_key bytea,
    wrapped_key bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, class, version),
    check ((class = 'vault') = (public_key is not null))
);
call protect('tenant_key');

-- `sealed` can be written by the api and read by the worker only (grants.sql).
create table connection (
    tenant_id uuid not null,
    id uuid not null,
    app_id uuid not null,
    key text not null check (key ~ '^[a-z][a-z0-9-]{0,62}$'),
    name text not null check (length(name) between 1 and 200),
    auth_kind text not null check (auth_kind in ('none', 'api_key', 'basic', 'bearer', 'headers')),
    sealed bytea not null,
    key_id uuid not null,
    revision int not null default 1,
    status text not null default 'unverified' check (status in ('unverified', 'ok', 'failing')),
    last_used_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, key),
    foreign key (tenant_id, app_id) references app (tenant_id, id),
    foreign key (tenant_id, key_id) references tenant_key (tenant_id, id)
);
call protect('connection');

create table workflow (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    key text not null check (key ~ '^[a-z][a-z0-9-]{0,62}$'),
    name text not null check (length(name) between 1 and 200),
    description text not null default '',
    published_version_id uuid,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, key)
);
call protect('workflow');

create table workflow_draft (
    tenant_id uuid not null,
    workflow_id uuid not null,
    definition jsonb not null,
    revision int not null default 1,
    updated_by uuid,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, workflow_id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id) on delete cascade
);
call protect('workflow_draft');

-- Immutable: no role may update or delete. `compiled` is what the engine runs.
create table workflow_version (
    tenant_id uuid not null,
    id uuid not null,
    workflow_id uuid not null,
    number int not null check (number >= 1),
    definition jsonb not null,
    compiled jsonb not null,
    content_hash bytea not null,
    published_by uuid,
    published_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    unique (tenant_id, workflow_id, number),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id) on delete cascade
);
call protect('workflow_version');
alter table workflow add foreign key (tenant_id, published_version_id) references workflow_version (tenant_id, id);

-- The address of a webhook holds a token: found by its hash, shown again by opening `sealed_token` (ingress key).
create table trigger (
    tenant_id uuid not null,
    id uuid not null,
    workflow_id uuid not null,
    kind text not null check (kind in ('webhook')),
    name text not null check (length(name) between 1 and 200),
    state text not null default 'inactive' check (state in ('active', 'inactive')),
    config jsonb not null,
    token_hash bytea not null unique,
    sealed_token bytea not null,
    sealed_secret bytea,
    key_id uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id),
    foreign key (tenant_id, key_id) references tenant_key (tenant_id, id)
);
create index trigger_workflow_idx on trigger (tenant_id, workflow_id);
call protect('trigger');
