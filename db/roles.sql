-- Roles, created once per cluster and idempotent. Passwords of the login roles are set by `weft migrate`, never here.
--
--   weft_owner     owns the schema; nobody logs in as it, so no running process can alter a table or skip a policy
--   weft_api       login of the control plane
--   weft_worker    login of the data plane
--   system roles   carry the few cross-tenant rights, on exactly the columns they need; a process takes one on for one
--                  transaction with `set local role` (platform/pg SystemTx) and never holds it by default (noinherit)
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (
            values
                ('weft_owner', 'nologin'),
                ('weft_api', 'login noinherit'),
                ('weft_worker', 'login noinherit'),
                ('weft_auth', 'nologin'),
                ('weft_ingest', 'nologin'),
                ('weft_dispatch', 'nologin')
        ) as r (role_name, attributes)
    loop
        if not exists (select from pg_roles where rolname = wanted.role_name) then
            execute format('create role %I %s nosuperuser nocreatedb nocreaterole nobypassrls', wanted.role_name, wanted.attributes);
        end if;
    end loop;
end
$$;

grant weft_auth, weft_ingest to weft_api;
grant weft_dispatch, weft_ingest to weft_worker; -- as the latter its poller begins runs
alter role weft_api set statement_timeout = '15s';
alter role weft_api set idle_in_transaction_session_timeout = '10s';
alter role weft_worker set statement_timeout = '30s';
alter role weft_worker set idle_in_transaction_session_timeout = '10s';

-- Compiling a plan costs more than any statement of ours; and a plan that is cached while the queue is empty must still
-- be right when it holds 100,000 jobs: everything the worker does goes by key, in nested loops over indexes.
alter role weft_api set jit = off;
alter role weft_worker set jit = off;
alter role weft_worker set enable_seqscan = off;
alter role weft_worker set enable_hashjoin = off;
alter role weft_worker set enable_mergejoin = off;
