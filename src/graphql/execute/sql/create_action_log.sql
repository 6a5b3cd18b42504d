-- create_action_log :exec  called by ActionLog::make
-- Calls of asynchronous actions: what was asked, by whom, and what came of it.
create table if not exists weft_graphql.action_log (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    input json not null,
    role text not null,
    session jsonb not null,
    headers jsonb not null,
    request_query text not null,
    timeout_ms bigint not null,
    status text not null default 'created' check (status in ('created', 'processing', 'completed', 'error')),
    leased_until timestamptz,
    response json,
    errors json,
    created_at timestamptz not null default now(),
    finished_at timestamptz
)
