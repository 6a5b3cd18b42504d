-- Every right of every process, in one place; applied after the migrations on each `weft migrate`, from nothing.
set local search_path = weft;

do $$
declare
    grantee text;
begin
    foreach grantee in array array['weft_api', 'weft_worker', 'weft_auth', 'weft_ingest', 'weft_dispatch'] loop
        execute format('revoke all on all tables in schema weft from %I', grantee);
        execute format('revoke all on all functions in schema weft from %I', grantee);
        execute format('grant usage on schema weft to %I', grantee);
    end loop;
end
$$;
revoke all on all functions in schema weft from public;
revoke all on all procedures in schema weft from public;
grant execute on function current_tenant() to weft_api, weft_worker, weft_auth, weft_ingest, weft_dispatch;
grant execute on function ensure_partitions(int) to weft_api, weft_worker;

-- weft_api: definitions are its own; of runs it reads everything and writes only what starts or cancels one.
grant select on tenant to weft_api, weft_worker;
grant select, insert, update, delete on membership, session, api_token, idempotency_key to weft_api;
grant select, insert on audit_event to weft_api, weft_worker;
-- Of the people who are members (the policy in V0018): who may decide an approval.
grant select (id, email, disabled_at) on app_user to weft_api;
grant select, insert, update, delete on app, app_version, action, workflow, workflow_draft to weft_api;
grant select, insert on workflow_version, test_version to weft_api;
grant execute on function has_unpublished_changes(workflow) to weft_api;
grant select, insert, update, delete on trigger, refused_delivery, trigger_miss to weft_api;
grant execute on function trigger_health(weft.trigger), trigger_setup(weft.trigger) to weft_api;
grant execute on function note_miss(uuid, uuid, text, bigint, timestamptz, text) to weft_api, weft_ingest;
grant select, insert on trigger_sample to weft_api;
grant select (tenant_id, trigger_id, listen_until) on trigger_sample to weft_worker; -- whether ends are wanted
grant update (listen_until, problem) on trigger_sample to weft_api;
grant select, insert, update on trigger_schedule, trigger_poll to weft_api;
grant delete on polled_item to weft_api;
grant select (tenant_id, trigger_id) on polled_item to weft_api;
grant select (tenant_id, id, class, version, public_key, created_at) on tenant_key to weft_api;
grant insert on tenant_key to weft_api;
-- Everything of a connection but its sealed fields.
grant select (
    tenant_id, id, app_id, key, name, auth_kind, key_id, revision, state, last_used_at, last_error_status, last_error_at,
    breaker_failures, breaker_within_ms, breaker_open_ms, circuit, circuit_until, circuit_opened_at, circuit_opens,
    circuit_probe, circuit_reason, created_at, updated_at
) on connection to weft_api;
grant insert, update, delete on connection to weft_api;
grant select on workflow_run, step_run, payload, run_event, execution_log, run_mark, trigger_event, dead_letter, usage_part,
usage_day to weft_api;
grant execute on function run_fits(
    workflow_run, text[], uuid, uuid, uuid[], text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, bigint,
    bigint, uuid
) to weft_api;
grant update (state, redriven_by, settled_at, dropped_by, dropped_by_name, note) on dead_letter to weft_api;
-- Of steps those that a run begins with.
grant insert on workflow_run, step_run, payload, run_event to weft_api;
grant select, insert on job to weft_api;
grant update (
    cancel_requested_at, cancel_reason, canceled_by, canceled_by_name, run_at, is_signaled, state, stage, gate
) on job to weft_api;
grant select, insert, update, delete on flow_gate to weft_api, weft_worker, weft_ingest, weft_dispatch;
grant execute on function runs_ahead(job) to weft_api;
grant execute on function next_gate(jsonb, text) to weft_api, weft_worker, weft_ingest, weft_dispatch;
grant execute on function take_rate(gate_ref, jsonb, uuid, text) to weft_api, weft_ingest;
grant execute on function rate_step(jsonb) to weft_api, weft_worker, weft_ingest, weft_dispatch;
-- What turns gates (V0023): whoever begins runs, whoever ends them, and whoever looks for those that are due.
grant execute on function gate_number(gate_ref), turn_away(uuid, uuid, text), turn_all_away(uuid, uuid[], text),
pass_gate(uuid, uuid[], text), held_at(gate_ref, bigint), turn_debounce(gate_ref, jsonb), turn_throttle(gate_ref, jsonb),
turn_concurrency(gate_ref, jsonb), turn_breaker(gate_ref), turn_gate(gate_ref), turn_gates(gate_ref[])
to weft_worker, weft_ingest, weft_dispatch;
grant execute on procedure look_again(gate_ref, timestamptz) to weft_worker, weft_ingest, weft_dispatch;
grant execute on function enter_gates(uuid[], uuid[]) to weft_ingest;
grant execute on function end_gated_jobs(uuid[]), breaker_of(uuid, uuid),
note_breaker(uuid, uuid, uuid, jsonb, text, text, text) to weft_worker;
grant execute on function turn_due_gates(int), turn_standing_gates(gate_ref, int) to weft_dispatch;
-- Everything of an alert's rule but whom it tells and its secrets.
grant select (
    tenant_id, id, name, workflow_id, states, failure_kinds, channel, target, previous_until, group_ms, quiet, state, created_at,
    updated_at, due_at, pending, message_id, message_ends, message_at, attempts, test_id, test_at, tested_at, test_problem,
    lease_until, epoch, sent_at, sent, told, lost, silenced, failing_since, problem
) on alert_rule to weft_api;
grant insert, update, delete on alert_rule to weft_api;
grant select (tenant_id, rule_id, until), insert, update (until), delete on alert_secret to weft_api;
grant select (tenant_id, rule_id), delete on alert to weft_api;
grant select on run_wait to weft_api;
grant update (state, ended_at, failure) on run_wait to weft_api;
grant select, insert on kept_event, approval_decision to weft_api;
grant select, insert, delete on file to weft_api;
grant select, insert on file_use to weft_api;
grant select, insert, update on file_space to weft_api;
grant select, insert on tenant_queue to weft_api;
grant update (active, vtime) on tenant_queue to weft_api;

-- weft_worker: reads definitions and secrets, owns the runs' history.
grant select on app, app_version, action, workflow, workflow_version, test_version, trigger, tenant_key, connection
to weft_worker;
grant insert on tenant_key to weft_worker;
grant update (
    state, last_used_at, last_error_status, last_error_at, circuit, circuit_until, circuit_opened_at, circuit_opens,
    circuit_probe, circuit_reason
) on connection to weft_worker;
grant select, insert, update on workflow_run, step_run, payload, run_event, execution_log, dead_letter to weft_worker;
grant select, insert on run_mark to weft_worker;
grant select, insert, update on usage_part to weft_worker;
grant select, insert, update, delete on job to weft_worker;
grant select, insert, update on run_wait to weft_worker;
grant insert, select (tenant_id, run_id, error), update (error) on run_end to weft_worker;
-- Who turns gates lets one run try; who ends runs counts those that failed; who resumes a workflow takes the row away.
grant select, update on workflow_pause to weft_worker, weft_ingest, weft_dispatch;
grant insert, delete on workflow_pause to weft_worker;
grant select, delete on workflow_pause to weft_api;
grant select on alert_rule, alert_secret, alert to weft_worker;
grant select, delete on kept_event to weft_worker;
grant select, insert on file, file_use to weft_worker;
grant update (expires_at) on file to weft_worker; -- only thus may it lock a row that it makes a run refer to
grant select, insert, update on file_space to weft_worker;
grant execute on function refuse_stale(bigint) to weft_worker;
grant select (tenant_id, due_max, waiting_max, file_bytes_max) on tenant_queue to weft_worker;

-- weft_auth: who is this? Before a tenant is known, hence across tenants; only what identifies.
grant select, insert on tenant to weft_auth;
grant select, insert on app_user to weft_auth;
grant update (password_hash) on app_user to weft_auth;
grant select, insert on membership to weft_auth;
grant select, insert, delete on session to weft_auth;
grant update (last_seen_at) on session to weft_auth;
grant select on api_token to weft_auth;
grant update (last_used_at) on api_token to weft_auth;
grant select, insert, update on claim_link to weft_auth;
grant insert on tenant_key, tenant_queue to weft_auth;

-- weft_ingest: an event has come in; find its trigger, take it in. Insert only, besides the tenant's place in the queue.
grant select on trigger to weft_ingest;
grant select (tenant_id, id, key, published_version_id, state, flow) on workflow to weft_ingest;
grant select on tenant_key to weft_ingest;
grant insert on workflow_run, payload, job to weft_ingest;
grant select on run_wait to weft_ingest;
grant select, insert on trigger_event to weft_ingest;
grant select, insert on tenant_queue to weft_ingest;
grant update (active, vtime) on tenant_queue to weft_ingest;

-- Its scheduler moves schedules on, and asks whether the run before has ended.
grant select, update on trigger_schedule to weft_ingest;
grant select (tenant_id, run_id) on job to weft_ingest;
-- The worker's follower begins runs when others have ended.
grant select, delete, update on run_end to weft_ingest;
-- It also notes what alerts are to tell; the worker's alerter, which sends them, keeps account. Nobody is addressed by it.
grant select (
    ctid, tenant_id, id, name, workflow_id, states, failure_kinds, channel, group_ms, quiet, state, due_at, pending, message_id,
    message_ends, message_at, attempts, test_id, test_at, lease_until, epoch, sent, told, lost, silenced, failing_since
) on alert_rule to weft_ingest;
grant update (
    state, due_at, pending, message_id, message_ends, message_at, attempts, test_id, test_at, tested_at, test_problem,
    lease_until, epoch, sent_at, sent, told, lost, silenced, failing_since, problem
) on alert_rule to weft_ingest;
grant select, insert, delete, update (message_id) on alert to weft_ingest;
-- The worker's poller takes in what other systems answer.
grant select, update on trigger_poll to weft_ingest;
grant select, insert, update, delete on polled_item to weft_ingest;
grant select, insert, update on refused_delivery to weft_ingest;
grant select, insert, update, delete on trigger_miss to weft_ingest;
-- An event that somebody who builds wants to see.
grant select, update on trigger_sample to weft_ingest;
-- Who may begin, where a workflow has rules.
grant select (
    workflow_id, state, stage, gate, flow, run_at, cancel_requested_at, cancel_reason, canceled_by_name
) on job to weft_ingest;
grant update (state, stage, gate, run_at, cancel_requested_at, cancel_reason, canceled_by_name) on job to weft_ingest;
grant select (tenant_id, id, flow) on workflow to weft_dispatch;

-- weft_dispatch: who is next, who is late. The queue's columns only; no definition, no payload.
grant select, update on job to weft_dispatch;
grant select, update on tenant_queue to weft_dispatch;
grant select (id, slug) on tenant to weft_dispatch;
grant select (tenant_id, id, class) on tenant_key to weft_dispatch;
grant select (tenant_id, id, state, finished_at) on workflow_run to weft_dispatch;
-- What has passed (store/retention): whole days of history, and rows by their age alone.
grant execute on function retire_day(text, date, uuid[], uuid[], int), kept_runs(text, int),
forget_kept(text, uuid[], uuid[]), kept_blobs(int) to weft_dispatch;
grant select (tenant_id, trigger_id, dedupe_key, received_at), delete on trigger_event to weft_dispatch;
grant select (created_at), delete on idempotency_key to weft_dispatch;
grant select (tenant_id, run_id, created_at, state), delete on dead_letter to weft_dispatch;
grant select (tenant_id, run_id, step_id, iteration, kind, state, ended_at), delete on run_wait
to weft_dispatch;
grant select (tenant_id, id, received_at), delete on kept_event to weft_dispatch;
grant select (ctid, tenant_id, id, size_bytes, expires_at), update (expires_at), delete on file to weft_dispatch;
grant select (tenant_id, run_id, file_id) on file_use to weft_dispatch;
grant select (tenant_id, size_bytes, files), update (size_bytes, files) on file_space to weft_dispatch;
grant select (tenant_id, id, created_at), delete on test_version to weft_dispatch;
grant select (tenant_id, trigger_id, captured_at, listen_until), delete on trigger_sample to weft_dispatch;
grant select (tenant_id, day, workflow_id, part), delete on usage_part to weft_dispatch;
grant select (tenant_id, id, expires_at), delete on session to weft_dispatch;
grant select (id, expires_at), delete on claim_link to weft_dispatch;

-- The system roles' policies: row security names them one by one, so that a new table is closed to them.
do $$
declare
    opened record;
begin
    for opened in
        select *
        from (
            values
                ('weft_auth', 'tenant'), ('weft_auth', 'app_user'), ('weft_auth', 'membership'),
                ('weft_auth', 'session'), ('weft_auth', 'api_token'), ('weft_auth', 'claim_link'),
                ('weft_auth', 'tenant_key'), ('weft_auth', 'tenant_queue'),
                ('weft_ingest', 'trigger'), ('weft_ingest', 'workflow'), ('weft_ingest', 'tenant_key'),
                ('weft_ingest', 'workflow_run'), ('weft_ingest', 'payload'), ('weft_ingest', 'job'),
                ('weft_ingest', 'trigger_event'), ('weft_ingest', 'tenant_queue'),
                ('weft_ingest', 'trigger_schedule'), ('weft_ingest', 'run_wait'), ('weft_ingest', 'flow_gate'),
                ('weft_dispatch', 'workflow'), ('weft_dispatch', 'flow_gate'),
                ('weft_ingest', 'workflow_pause'), ('weft_dispatch', 'workflow_pause'),
                ('weft_ingest', 'trigger_poll'), ('weft_ingest', 'polled_item'), ('weft_ingest', 'refused_delivery'),
                ('weft_ingest', 'trigger_miss'),
                ('weft_ingest', 'run_end'), ('weft_ingest', 'alert_rule'), ('weft_ingest', 'alert'),
                ('weft_ingest', 'trigger_sample'), ('weft_dispatch', 'trigger_sample'),
                ('weft_dispatch', 'job'), ('weft_dispatch', 'tenant_queue'), ('weft_dispatch', 'tenant'),
                ('weft_dispatch', 'tenant_key'), ('weft_dispatch', 'workflow_run'),
                ('weft_dispatch', 'trigger_event'), ('weft_dispatch', 'idempotency_key'),
                ('weft_dispatch', 'dead_letter'), ('weft_dispatch', 'session'), ('weft_dispatch', 'claim_link'),
                ('weft_dispatch', 'run_wait'), ('weft_dispatch', 'kept_event'), ('weft_dispatch', 'test_version'),
                ('weft_dispatch', 'file'), ('weft_dispatch', 'file_use'), ('weft_dispatch', 'file_space'),
                ('weft_dispatch', 'usage_part')
        ) as t (role_name, table_name)
    loop
        execute format('drop policy if exists %I on weft.%I', opened.role_name, opened.table_name);
        execute format(
            'create policy %I on weft.%I to %I using (true) with check (true)',
            opened.role_name, opened.table_name, opened.role_name
        );
    end loop;
end
$$;
-- The api and the worker's poller act as weft_ingest: of the keys it may see those that both can open anyway.
alter policy weft_ingest on tenant_key
using (class in ('ingress', 'data')) with check (class in ('ingress', 'data'));
