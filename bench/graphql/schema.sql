-- 100 tenants, 20,000 workflows, 500,000 runs, 2,000,000 steps; row security as in Weft's own schema.
create schema bench;
set search_path = bench;
create table tenant (id int primary key, name text not null);
create table workflow (
    tenant_id int not null references tenant (id),
    id int not null,
    name text not null,
    created_at timestamptz not null default '2026-01-01',
    primary key (tenant_id, id)
);
create table run (
    tenant_id int not null,
    id bigint not null,
    workflow_id int not null,
    state text not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id)
);
create table step (
    tenant_id int not null,
    run_id bigint not null,
    position int not null,
    name text not null,
    state text not null,
    duration_ms int not null,
    primary key (tenant_id, run_id, position)
);
insert into tenant select n, 'tenant ' || n from generate_series(1, 100) n;
insert into workflow (tenant_id, id, name) select (n - 1) % 100 + 1, n, 'workflow ' || n from generate_series(1, 20000) n;
insert into run
select (n - 1) % 100 + 1, n, (n - 1) % 20000 + 1, (array['success', 'failed', 'running'])[n % 3 + 1],
    timestamptz '2026-01-01' + n * interval '1 second', timestamptz '2026-01-01' + n * interval '1 second' + interval '3 ms'
from generate_series(1, 500000) n;
-- The newest 200,000 runs have ten steps each.
insert into step
select (r - 1) % 100 + 1, r, p, 'step ' || p, 'success', (r + p) % 1000
from generate_series(300001, 500000) r, generate_series(1, 10) p;
alter table step add foreign key (tenant_id, run_id) references run (tenant_id, id);
create index on run (tenant_id, workflow_id, id);
do $$
declare
    protected text;
begin
    foreach protected in array array['workflow', 'run', 'step'] loop
        execute format('alter table %I enable row level security', protected);
        execute format('alter table %I force row level security', protected);
        execute format(
            'create policy tenant_isolation on %I using '
            '(tenant_id = (select nullif(current_setting(''app.tenant'', true), '''')::int))', protected
        );
    end loop;
end
$$;
create role bench_api login;
grant usage on schema bench to bench_api;
grant select on all tables in schema bench to bench_api;
grant update (state) on run to bench_api;
analyze;
