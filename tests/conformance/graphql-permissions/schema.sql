-- Five tables; the rights of three roles written twice: here as row security and grants, in `run` as metadata. A role has two
-- logins: one that only reads, and one for its backend, which may also write.
create table org (id int primary key, name text not null, is_open boolean not null);
create table account (
    id int primary key,
    org_id int not null references org (id),
    name text not null,
    is_public boolean not null,
    balance numeric
);
create table project (
    id int primary key,
    org_id int not null references org (id),
    owner_id int references account (id),
    title text not null,
    budget int,
    is_archived boolean not null
);
create table task (
    id int primary key,
    project_id int not null references project (id),
    assignee_id int references account (id),
    parent_id int references task (id),
    title text,
    points int not null,
    is_done boolean not null
);
create table note (id int primary key, task_id int not null references task (id), author_id int references account (id), body text);

insert into org select n, 'org ' || n, n % 2 = 0 from generate_series(1, 5) n;
insert into account
select n, n % 5 + 1, 'account ' || n, n % 3 = 0, case when n % 7 > 0 then n * 1.5 end
from generate_series(1, 30) n;
insert into project
select n, n % 5 + 1, case when n % 4 > 0 then n % 30 + 1 end, 'project ' || n % 9, case when n % 3 > 0 then n * 10 end,
    n % 4 = 0
from generate_series(1, 40) n;
insert into task
select n, n % 40 + 1, case when n % 5 > 0 then (n * 7) % 30 + 1 end, case when n > 20 and n % 3 = 0 then n / 2 end,
    case when n % 6 > 0 then 'task ' || n % 13 end, n % 8, n % 2 = 0
from generate_series(1, 150) n;
insert into note
select n, (n * 11) % 150 + 1, case when n % 3 > 0 then (n * 5) % 30 + 1 end, 'note ' || n % 17
from generate_series(1, 200) n;

create function me() returns int language sql stable as $$
select nullif(current_setting('app.user', true), '')::int
$$;
create function mine() returns int language sql stable as $$
select nullif(current_setting('app.org', true), '')::int
$$;
-- What a filter sees through a relationship does not depend on what its reader may see: hence security definer.
create function org_is_open(org_key int) returns boolean language sql stable security definer as $$
select is_open from org where id = org_key
$$;
create function org_of_project(project_key int) returns int language sql stable security definer as $$
select org_id from project where id = project_key
$$;
create function project_of_task(task_key int) returns int language sql stable security definer as $$
select project_id from task where id = task_key
$$;
create function has_task_of(project_key int, account_key int) returns boolean language sql stable security definer as $$
select exists (select from task where project_id = project_key and assignee_id = account_key)
$$;

do $$
declare
    granted record;
begin
    for granted in
        select 'gqlperm_' || role_name || suffix as login, suffix
        from (values ('member'), ('guest'), ('worker')) as r (role_name), (values (''), ('_backend')) as s (suffix)
    loop
        -- A cluster's roles outlive its databases: another run may have made them.
        if not exists (select from pg_roles where rolname = granted.login) then
            execute format('create role %I login', granted.login);
        end if;
        execute format('grant select on all tables in schema public to %I', granted.login);
    end loop;
    grant update on task to gqlperm_member_backend;
    grant update on task, project to gqlperm_worker_backend;
    for granted in
        select * from (values
            ('org', 'member', 'id = mine()'),
            ('account', 'member', 'org_id = mine()'),
            ('project', 'member', 'org_id = mine() and not is_archived'),
            ('task', 'member', 'org_of_project(project_id) = mine()'),
            ('note', 'member', 'org_of_project(project_of_task(task_id)) = mine() or author_id = me()'),
            ('org', 'guest', 'is_open'),
            ('account', 'guest', 'is_public'),
            ('project', 'guest', 'org_is_open(org_id)'),
            ('task', 'guest', 'is_done and points > 2'),
            ('note', 'guest', 'author_id is not null and body <> ''note 3'''),
            ('org', 'worker', 'true'),
            ('account', 'worker', 'id = me() or balance > 20'),
            ('project', 'worker', 'has_task_of(id, me()) or owner_id = me()'),
            ('task', 'worker', 'assignee_id = me() or parent_id is null'),
            ('note', 'worker', 'not (author_id = me()) or author_id is null')
        ) as p (table_name, role_name, condition)
    loop
        execute format('alter table %I enable row level security', granted.table_name);
        execute format('create policy %I on %I for all to %I, %I using (%s)', granted.role_name, granted.table_name,
            'gqlperm_' || granted.role_name, 'gqlperm_' || granted.role_name || '_backend', granted.condition);
    end loop;
end
$$;

-- Which rows row security shows to whom: the views that stand for roles with parents are made of this.
create table seen (table_name text, user_id int, org_id int, id int, roles text[], primary key (table_name, user_id, org_id, id));
do $$
declare
    asked record;
    ids int[];
begin
    for asked in
        select * from unnest(array['member', 'guest', 'worker']) as role_name,
            unnest(array['org', 'account', 'project', 'task', 'note']) as table_name,
            generate_series(1, 30) as user_id, generate_series(1, 5) as org_id
    loop
        perform set_config('app.user', asked.user_id::text, true), set_config('app.org', asked.org_id::text, true);
        execute format('set local role %I', 'gqlperm_' || asked.role_name);
        execute format('select array_agg(id) from %I', asked.table_name) into ids;
        reset role;
        insert into seen as s
        select asked.table_name, asked.user_id, asked.org_id, unnest(ids), array[asked.role_name]
        on conflict (table_name, user_id, org_id, id) do update set roles = s.roles || excluded.roles;
    end loop;
end
$$;
analyze;
