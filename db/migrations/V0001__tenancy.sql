-- People, tenants and what they log in with.

create schema weft;
alter schema weft owner to weft_owner;
set local search_path = weft;
set local role weft_owner;

-- The tenant of the current transaction. Unset is an error on purpose: a forgotten context must not look like "no rows".
create function current_tenant() returns uuid
language sql stable parallel safe
return current_setting('app.tenant_id')::uuid;

-- Row security for one tenant table: forced, one policy for every role that may touch the table at all.
create procedure protect(table_name regclass)
language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', table_name);
    execute format('alter table %s force row level security', table_name);
    execute format(
        'create policy tenant_isolation on %s to weft_api, weft_worker '
        'using (tenant_id = weft.current_tenant()) with check (tenant_id = weft.current_tenant())',
        table_name
    );
end
$$;

create table tenant (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,62}$'),
    name text not null check (length(name) between 1 and 200),
    created_at timestamptz not null default clock_timestamp()
);
-- A tenant is visible to itself; its key is `id`, hence its own policy.
alter table tenant enable row level security;
alter table tenant force row level security;
create policy tenant_isolation on tenant to weft_api, weft_worker
using (id = weft.current_tenant()) with check (id = weft.current_tenant());

-- A person, across tenants. Reached through weft_auth only.
create table app_user (
    id uuid primary key,
    email text not null check (email = lower(email) and length(email) between 3 and 320),
    name text not null check (length(name) between 1 and 200),
    password_hash text not null,
    created_at timestamptz not null default clock_timestamp(),
    disabled_at timestamptz
);
create unique index app_user_email_key on app_user (email);
alter table app_user enable row level security;
alter table app_user force row level security;

create table membership (
    tenant_id uuid not null references tenant (id),
    user_id uuid not null references app_user (id),
    role text not null check (role in ('owner', 'admin', 'builder', 'viewer')),
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, user_id)
);
call protect('membership');

create table session (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    user_id uuid not null,
    token_hash bytea not null unique,
    created_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references membership (tenant_id, user_id) on delete cascade
);
call protect('session');

create table api_token (
    tenant_id uuid not null references tenant (id),
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    role text not null check (role in ('owner', 'admin', 'builder', 'viewer')),
    scopes text[],
    token_hash bytea not null unique,
    hint text not null,
    created_by uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    last_used_at timestamptz,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    primary key (tenant_id, id)
);
call protect('api_token');

-- The one-time link that makes the first owner; not a tenant table, reached through weft_auth only.
create table claim_link (
    id uuid primary key,
    token_hash bytea not null unique,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz
);
alter table claim_link enable row level security;
alter table claim_link force row level security;

-- The stored answer to a create, so that a client's retry gets the first answer again (24 h).
create table idempotency_key (
    tenant_id uuid not null references tenant (id),
    key text not null check (length(key) between 1 and 200),
    operation text not null,
    request_hash bytea not null,
    status int,
    response text,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, operation, key)
);
call protect('idempotency_key');

-- Append-only: no role may update or delete.
create table audit_event (
    tenant_id uuid not null references tenant (id),
    id bigint generated always as identity,
    occurred_at timestamptz not null default clock_timestamp(),
    actor_kind text not null check (actor_kind in ('user', 'token', 'system')),
    actor_id uuid,
    action text not null,
    object_kind text not null,
    object_id uuid,
    detail jsonb not null default '{}',
    request_id uuid,
    ip text,
    primary key (tenant_id, id)
);
call protect('audit_event');
