-- Workflows that pause when the last of their runs failed in a row, because of others (docs/adr/0044). Their runs pass one gate
-- more, before all others: `breaker`. While the workflow is paused they stand there, and when the time comes one tries.
set local search_path = weft;
set local role weft_owner;

alter table job
drop constraint job_stage_check,
add constraint job_stage_check check (stage in ('breaker', 'debounce', 'throttle', 'concurrency'));
alter table flow_gate
drop constraint flow_gate_stage_check,
add constraint flow_gate_stage_check check (stage in ('rate', 'breaker', 'debounce', 'throttle', 'concurrency'));

-- There is a row since the first of them failed, until one succeeds. Changed behind the gate's lock only, or to be rid of.
create table workflow_pause (
    tenant_id uuid not null,
    workflow_id uuid not null,
    failed_at timestamptz[] not null default '{}', -- of the runs that failed in a row; the newest last
    state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
    until timestamptz, -- open: then one run tries
    opened_at timestamptz,
    probe_run_id uuid, -- half open: the one that tries
    reason text,
    primary key (tenant_id, workflow_id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id) on delete cascade,
    check ((state = 'open') = (until is not null)),
    check ((state = 'half_open') = (probe_run_id is not null))
);
call protect('workflow_pause');

create or replace function next_gate(flow jsonb, behind text) returns text
language sql immutable
return case
    when flow is null then null
    when behind is null and flow ? 'breaker' then 'breaker'
    when coalesce(behind, 'breaker') = 'breaker' and flow ? 'debounce' then 'debounce'
    when coalesce(behind, 'debounce') in ('breaker', 'debounce') and flow ? 'throttle' then 'throttle'
    when coalesce(behind, '') <> 'concurrency' and flow ? 'concurrency' then 'concurrency'
end;

create function breaker_of(of_tenant uuid, of_workflow uuid) returns gate_ref
language sql immutable
return row(of_tenant, of_workflow, 'breaker', '')::gate_ref;

-- All pass, unless the workflow is paused. Then none, until the time has come; then one, and the others wait for its end.
create function turn_breaker(of gate_ref) returns uuid[]
language plpgsql
as $$
declare
    pause workflow_pause;
    passed uuid[];
begin
    select p.* into pause
    from workflow_pause p
    where p.tenant_id = of.tenant_id and p.workflow_id = of.workflow_id and p.state <> 'closed';
    delete from flow_gate f
    where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    if pause.state is null then
        passed := held_at(of, 500);
        if cardinality(passed) = 500 then
            call look_again(of, clock_timestamp());
        end if;
        return passed;
    end if;
    if pause.state = 'half_open' then
        if exists (select from job j where j.tenant_id = of.tenant_id and j.run_id = pause.probe_run_id) then
            call look_again(of, clock_timestamp() + interval '10 seconds');
            return '{}';
        end if;
        pause.until := clock_timestamp(); -- it went without a word: another tries
    end if;
    if pause.until > clock_timestamp() then
        call look_again(of, pause.until);
        return '{}';
    end if;
    passed := held_at(of, 1);
    if cardinality(passed) = 0 then -- whoever comes turns the gate
        return '{}';
    end if;
    update workflow_pause p
    set state = 'half_open',
        until = null,
        probe_run_id = passed[1]
    where p.tenant_id = of.tenant_id and p.workflow_id = of.workflow_id;
    call look_again(of, clock_timestamp() + interval '10 seconds');
    return passed;
end
$$;

-- What the end of a run means for its workflow's breaker, whose lock is held. `class`: of its failure; null: it has not failed.
create function note_breaker(of_tenant uuid, of_workflow uuid, of_run uuid, rule jsonb, state text, class text, message text)
returns void
language plpgsql
as $$
declare
    pause workflow_pause;
    counts boolean := class in ('unavailable', 'timeout', 'rate_limited', 'circuit_open', 'crash');
    most int := (rule ->> 'failures')::int;
    recent timestamptz[];
    why text;
begin
    select p.* into pause
    from workflow_pause p
    where p.tenant_id = of_tenant and p.workflow_id = of_workflow;
    if state = 'success' and (pause.state = 'closed' or pause.probe_run_id = of_run) then
        delete from workflow_pause p where p.tenant_id = of_tenant and p.workflow_id = of_workflow;
        return;
    end if;
    if pause.probe_run_id = of_run and not coalesce(counts, false) then -- it was stopped, or failed for another reason
        update workflow_pause p
        set state = 'open',
            until = clock_timestamp(),
            probe_run_id = null
        where p.tenant_id = of_tenant and p.workflow_id = of_workflow;
        return;
    end if;
    if not coalesce(counts, false) or pause.state = 'open' or (pause.state = 'half_open' and pause.probe_run_id <> of_run) then
        return;
    end if;
    select coalesce(array_agg(f.at order by f.at), '{}') into recent
    from (
        select u.at
        from unnest(pause.failed_at || clock_timestamp()) as u (at)
        where u.at > clock_timestamp() - (rule ->> 'within_ms')::bigint * interval '1 millisecond'
        order by u.at desc
        limit most
    ) f;
    if cardinality(recent) < most and pause.state is distinct from 'half_open' then
        insert into workflow_pause as p (tenant_id, workflow_id, failed_at)
        values (of_tenant, of_workflow, recent)
        on conflict (tenant_id, workflow_id) do update
        set failed_at = excluded.failed_at;
        return;
    end if;
    why := case when pause.state = 'half_open' then 'The run that tried failed' else format('%s runs failed in a row', most) end
        || format(', the last one: %s', left(coalesce(message, class), 300));
    insert into workflow_pause as p (tenant_id, workflow_id, failed_at, state, until, opened_at, reason)
    values (
        of_tenant, of_workflow, recent, 'open', clock_timestamp() + (rule ->> 'pause_ms')::bigint * interval '1 millisecond',
        clock_timestamp(), why
    )
    on conflict (tenant_id, workflow_id) do update
    set failed_at = excluded.failed_at,
        state = 'open',
        until = excluded.until,
        opened_at = case when p.state = 'closed' then excluded.opened_at else p.opened_at end,
        probe_run_id = null,
        reason = excluded.reason;
    -- Whoever is told that this run failed is told what that means.
    update run_end e
    set error = jsonb_set(coalesce(e.error, '{}'), '{message}', to_jsonb(
        left(coalesce(e.error ->> 'message', class), 150) || format(
            ' (the workflow is paused until %s UTC: %s runs failed in a row)',
            to_char(
                (clock_timestamp() + (rule ->> 'pause_ms')::bigint * interval '1 millisecond') at time zone 'UTC',
                'YYYY-MM-DD HH24:MI:SS'
            ),
            cardinality(recent)
        )
    ))
    where e.tenant_id = of_tenant and e.run_id = of_run;
end
$$;

-- Who passes one gate now, whose lock is held. By the workflow's rules of now: a rule that is gone lets all pass.
create or replace function turn_gate(of gate_ref) returns uuid[]
language plpgsql
as $$
declare
    rule jsonb;
    passed uuid[];
begin
    select w.flow -> of.stage into rule
    from workflow w
    where w.tenant_id = of.tenant_id and w.id = of.workflow_id;
    if rule is not null then
        return case of.stage
            when 'breaker' then turn_breaker(of)
            when 'debounce' then turn_debounce(of, rule)
            when 'throttle' then turn_throttle(of, rule)
            else turn_concurrency(of, rule)
        end;
    end if;
    passed := held_at(of, 500);
    if cardinality(passed) = 500 then
        call look_again(of, clock_timestamp());
    else
        delete from flow_gate f
        where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    end if;
    return passed;
end
$$;

-- Decides who passes these gates now, and the gates behind them that are thereby reached. How many runs may begin.
create or replace function turn_gates(gates gate_ref[]) returns bigint
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    of_stage text;
    of gate_ref;
    passed uuid[];
    begun bigint := 0;
begin
    foreach of_stage in array array['breaker', 'debounce', 'throttle', 'concurrency'] loop
        for of in
            select distinct g.tenant_id, g.workflow_id, g.stage, g.gate, gate_number(g) as number
            from unnest(gates) as g
            where g.stage = of_stage
            order by g.tenant_id, number
        loop
            perform pg_advisory_xact_lock(gate_number(of));
            -- Whatever is wrong with one gate, the others are turned.
            begin
                passed := turn_gate(of);
            exception
                when transaction_rollback or lock_not_available then
                    raise;
                when others then
                    raise warning 'a gate (%) of workflow % cannot be turned: %', of.stage, of.workflow_id, sqlstate;
                    insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
                    values (
                        of.tenant_id, of.workflow_id, of.stage, of.gate, clock_timestamp(),
                        clock_timestamp() + interval '1 minute'
                    )
                    on conflict (tenant_id, workflow_id, stage, gate) do update
                    set due_at = excluded.due_at;
                    passed := '{}';
            end;
            continue when cardinality(passed) = 0;
            if of.stage = 'concurrency' then
                -- They keep the gate: it is what they hold a place at.
                update job j set state = 'ready' where j.tenant_id = of.tenant_id and j.run_id = any(passed);
            else
                gates := gates || array(select p from pass_gate(of.tenant_id, passed, of.stage) as p);
            end if;
            begun := begun + cardinality(passed);
        end loop;
    end loop;
    return begun;
end
$$;

-- Ends jobs that hold places or whose workflow has a breaker, and gives the places to whoever stands before the gates. How many
-- may begin. Their runs' rows say already how they ended.
create or replace function end_gated_jobs(runs uuid[]) returns bigint
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    gates gate_ref[];
    ended record;
    noted gate_ref[] := '{}';
begin
    -- One that goes well where none has failed is nobody's business: it takes no lock.
    for ended in
        select j.workflow_id, j.run_id, w.flow -> 'breaker' as rule, r.state, r.error,
            coalesce(r.error ->> 'class', case r.failure_kind when 'provider' then 'rejected' else r.failure_kind end) as class,
            gate_number(breaker_of(j.tenant_id, j.workflow_id)) as number
        from job j
        join workflow_run r on r.tenant_id = j.tenant_id and r.id = j.run_id
        join workflow w on w.tenant_id = j.tenant_id and w.id = j.workflow_id
        where j.tenant_id = current_tenant() and j.run_id = any(runs) and j.flow ? 'breaker' and w.flow ? 'breaker'
            and (
                r.state = 'failed'
                or exists (
                    select
                    from workflow_pause p
                    where p.tenant_id = j.tenant_id and p.workflow_id = j.workflow_id
                        and (p.state = 'closed' or p.probe_run_id = j.run_id)
                )
            )
        order by number, j.run_id
    loop
        perform pg_advisory_xact_lock(ended.number);
        perform note_breaker(
            current_tenant(), ended.workflow_id, ended.run_id, ended.rule, ended.state,
            case when ended.state = 'failed' then ended.class end, ended.error ->> 'message'
        );
        noted := noted || breaker_of(current_tenant(), ended.workflow_id);
    end loop;
    with gone as (
        delete from job j
        where j.tenant_id = current_tenant() and j.run_id = any(runs)
        returning j.tenant_id, j.workflow_id, j.stage, j.gate
    )
    select array_agg(row(g.tenant_id, g.workflow_id, g.stage, g.gate)::gate_ref) into gates
    from gone g
    where g.stage is not null;
    return turn_gates(coalesce(gates, '{}') || noted);
end
$$;
