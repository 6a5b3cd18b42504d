-- Flow control: runs that are kept from beginning until their workflow's rules let them (docs/adr/0040).
--
-- A run of a workflow with rules passes gates, one after the other: debounce, throttle, concurrency. While it stands before
-- one its job is `held`, which no claim looks at. A gate is a rule and a key; all that is decided at it is decided
-- behind one lock, in the transaction that brings a run or ends one. Who holds a place at a concurrency gate is no row of
-- its own: it is the job, so that a place cannot outlive its run.
set local search_path = weft;
set local role weft_owner;

-- The rules of the published version; null: none.
alter table workflow add column flow jsonb;

alter table job
drop constraint job_state_check,
add column flow jsonb, -- the run's keys, by rule; null: its workflow has no rules
add column stage text check (stage in ('debounce', 'throttle', 'concurrency')), -- the gate it stands before or has passed
add column gate text, -- its key there
add constraint job_state_check check (state in ('held', 'ready', 'leased')),
add constraint job_held_check check ((state = 'held') <= (stage is not null)),
add constraint job_gate_check check ((stage is null) = (gate is null));
create index job_gate_idx on job (tenant_id, workflow_id, stage, gate, state, run_at, run_id) where stage is not null;

-- What a gate must remember beside the jobs before it, and when it is to be looked at though nobody comes.
create table flow_gate (
    tenant_id uuid not null,
    workflow_id uuid not null,
    stage text not null check (stage in ('rate', 'debounce', 'throttle', 'concurrency')),
    gate text not null,
    next_at timestamptz not null, -- rate, throttle: when the next is free; debounce: when the first came
    newest uuid, -- debounce: the event that its due time was set by
    due_at timestamptz not null,
    primary key (tenant_id, workflow_id, stage, gate)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
-- Cross-tenant on purpose: whoever turns gates looks for those that are due.
create index flow_gate_due_idx on flow_gate (due_at);
call protect('flow_gate');

create type gate_ref as (tenant_id uuid, workflow_id uuid, stage text, gate text);

-- Until the transaction ends nobody else decides about this gate. Whoever locks several does so in the order of the
-- stages, and of one stage in the order of tenant and this number.
create function gate_number(of gate_ref) returns bigint
language sql immutable
return hashtextextended(concat_ws(E'\x1f', of.tenant_id, of.workflow_id, of.stage, of.gate), 40);

-- The time between two of a rate. Never none: it is divided by.
create function rate_step(rule jsonb) returns interval
language sql immutable
return greatest(
    (rule ->> 'per_ms')::bigint * interval '1 millisecond' / (rule ->> 'limit')::bigint, interval '1 microsecond'
);

-- One event more under a rate limit? Spends it if so. True without spending for an event that has come before.
create function take_rate(of gate_ref, rule jsonb, of_trigger uuid, event_key text) returns boolean
language plpgsql
as $$
declare
    per interval := (rule ->> 'per_ms')::bigint * interval '1 millisecond';
    step interval := rate_step(rule);
begin
    if event_key is not null and exists (
        select
        from trigger_event e
        where e.tenant_id = of.tenant_id and e.trigger_id = of_trigger and e.dedupe_key = event_key
    ) then
        return true;
    end if;
    insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
    values (of.tenant_id, of.workflow_id, 'rate', of.gate, clock_timestamp() + step, clock_timestamp() + step)
    on conflict (tenant_id, workflow_id, stage, gate) do update
    set next_at = greatest(f.next_at, clock_timestamp()) + step,
        due_at = greatest(f.next_at, clock_timestamp()) + step
    where greatest(f.next_at, clock_timestamp()) + step <= clock_timestamp() + per;
    return found;
end
$$;

-- Asks a run to stop, for whom no person asks. Held ones are let go, to end as canceled like any other. False when the
-- job is somebody's at this moment: look again.
create function turn_away(of_tenant uuid, of_run uuid, reason text) returns boolean
language plpgsql
as $$
begin
    perform from job j where j.tenant_id = of_tenant and j.run_id = of_run for update skip locked;
    if not found then
        return false;
    end if;
    update job j
    set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp()),
        cancel_reason = coalesce(j.cancel_reason, reason),
        canceled_by_name = coalesce(j.canceled_by_name, 'flow control'),
        run_at = least(j.run_at, clock_timestamp()),
        stage = case when j.state = 'held' then null else j.stage end,
        gate = case when j.state = 'held' then null else j.gate end,
        state = case when j.state = 'held' then 'ready' else j.state end
    where j.tenant_id = of_tenant and j.run_id = of_run;
    return true;
end
$$;

-- The same for several. False when there is more to do: one of them is somebody's, or they are as many as a turn takes.
create function turn_all_away(of_tenant uuid, runs uuid[], reason text) returns boolean
language sql
as $$
    select coalesce(bool_and(turn_away(of_tenant, r, reason)), true) and coalesce(cardinality(runs), 0) < 500
    from unnest(runs) as r
$$;

-- The gate that a run with these keys comes to behind `behind` (null: none yet); null: it may begin.
-- An expression without a query, which PostgreSQL puts in the caller's place: each start of a run asks it.
create function next_gate(flow jsonb, behind text) returns text
language sql immutable
return case
    when flow is null then null
    when behind is null and flow ? 'debounce' then 'debounce'
    when coalesce(behind, 'debounce') = 'debounce' and flow ? 'throttle' then 'throttle'
    when coalesce(behind, '') <> 'concurrency' and flow ? 'concurrency' then 'concurrency'
end;

-- Lets runs that have passed the gate `behind` go to their next one, or begin. The gates they come to.
create function pass_gate(of_tenant uuid, runs uuid[], behind text) returns setof gate_ref
language sql
as $$
    with passed as (
        update job j
        set stage = next_gate(j.flow, behind),
            gate = j.flow ->> next_gate(j.flow, behind),
            state = case when next_gate(j.flow, behind) is null then 'ready' else 'held' end
        where j.tenant_id = of_tenant and j.run_id = any(runs)
        returning j.tenant_id, j.workflow_id, j.stage, j.gate
    )
    select distinct p.tenant_id, p.workflow_id, p.stage, p.gate from passed p where p.stage is not null
$$;

-- The oldest `most` that stand before a gate and are nobody's at this moment.
create function held_at(of gate_ref, most bigint) returns uuid[]
language sql
as $$
    select coalesce(array_agg(h.run_id), '{}')
    from (
        select j.run_id
        from job j
        where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
            and j.state = 'held'
        order by j.run_at, j.run_id
        limit greatest(most, 0)
        for update of j skip locked
    ) h
$$;

-- Looks at the gate again at `at`.
create procedure look_again(of gate_ref, at timestamptz)
language sql
as $$
    insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
    values (of.tenant_id, of.workflow_id, of.stage, of.gate, at, at)
    on conflict (tenant_id, workflow_id, stage, gate) do update
    set due_at = least(f.due_at, excluded.due_at)
$$;

-- The newest event passes when none has come for a while, or the first has waited long enough; older ones are turned away.
create function turn_debounce(of gate_ref, rule jsonb) returns uuid[]
language plpgsql
as $$
declare
    known flow_gate;
    newest_run uuid;
    older uuid[];
    quiet interval := (rule ->> 'for_ms')::bigint * interval '1 millisecond';
    most interval := (rule ->> 'max_ms')::bigint * interval '1 millisecond';
begin
    select j.run_id into newest_run
    from job j
    where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
        and j.state = 'held'
    order by j.run_id desc
    limit 1;
    select f.* into known
    from flow_gate f
    where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    if newest_run is null then
        delete from flow_gate f
        where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
        return '{}';
    end if;
    select array_agg(o.run_id) into older
    from (
        select j.run_id
        from job j
        where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
            and j.state = 'held' and j.run_id <> newest_run
        limit 500
    ) o;
    if not turn_all_away(of.tenant_id, older, 'Debounced: a newer event took its place') then
        -- Nobody passes before all older ones are gone: the last of them would be the newest then.
        insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
        values (
            of.tenant_id, of.workflow_id, of.stage, of.gate, clock_timestamp(), clock_timestamp() + interval '200 milliseconds'
        )
        on conflict (tenant_id, workflow_id, stage, gate) do update
        set newest = null,
            due_at = excluded.due_at;
        return '{}';
    end if;
    if known.newest is distinct from newest_run then
        insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, newest, due_at)
        values (
            of.tenant_id, of.workflow_id, of.stage, of.gate, clock_timestamp(), newest_run,
            clock_timestamp() + least(quiet, coalesce(most, quiet))
        )
        on conflict (tenant_id, workflow_id, stage, gate) do update
        set newest = excluded.newest,
            due_at = least(clock_timestamp() + quiet, f.next_at + coalesce(most, interval '10 years'));
        return '{}';
    end if;
    if known.due_at > clock_timestamp() then
        return '{}';
    end if;
    delete from flow_gate f
    where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    return array[newest_run];
end
$$;

-- One each `per / limit`. Those whose turn comes within a second pass at once and are due then: exact to the claim's look.
create function turn_throttle(of gate_ref, rule jsonb) returns uuid[]
language plpgsql
as $$
declare
    step interval := rate_step(rule);
    horizon timestamptz := clock_timestamp() + interval '1 second';
    next_free timestamptz;
    passed uuid[];
begin
    select f.next_at into next_free
    from flow_gate f
    where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    next_free := greatest(next_free, clock_timestamp());
    passed := held_at(of, least(500, ceil(extract(epoch from horizon - next_free) / extract(epoch from step)))::bigint);
    update job j
    -- Whoever is free to begin keeps its place in line: `run_at` may lie in the past for its priority.
    set run_at = case when p.place = 1 and next_free <= clock_timestamp() then j.run_at else next_free + (p.place - 1) * step end
    from unnest(passed) with ordinality as p (run_id, place)
    where j.tenant_id = of.tenant_id and j.run_id = p.run_id;
    next_free := next_free + cardinality(passed) * step;
    if exists (
        select
        from job j
        where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
            and j.state = 'held'
    ) or cardinality(passed) > 0 then
        insert into flow_gate as f (tenant_id, workflow_id, stage, gate, next_at, due_at)
        values (of.tenant_id, of.workflow_id, of.stage, of.gate, next_free, greatest(next_free - interval '1 second', clock_timestamp()))
        on conflict (tenant_id, workflow_id, stage, gate) do update
        set next_at = excluded.next_at,
            due_at = excluded.due_at;
    else
        delete from flow_gate f
        where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate
            and f.next_at <= clock_timestamp();
    end if;
    return passed;
end
$$;

-- At most `limit` that live. What becomes of the others says `when_full`.
create function turn_concurrency(of gate_ref, rule jsonb) returns uuid[]
language plpgsql
as $$
declare
    most bigint := (rule ->> 'limit')::bigint;
    at_once bigint;
    passed uuid[];
    away uuid[];
    is_done boolean := true;
begin
    select count(*) into at_once
    from job j
    where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
        and j.state in ('ready', 'leased');
    if rule ->> 'when_full' in ('cancel-oldest', 'cancel-newest') then
        with line as (
            select j.run_id, j.cancel_requested_at,
                -- Who holds a place comes first, in the order of their beginning: `run_at` of a parked run is when it wakes.
                row_number() over (order by j.state = 'held', case when j.state = 'held' then j.run_at end, j.run_id) as place,
                count(*) over () as of_all
            from job j
            where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
        )
        select array_agg(l.run_id) into away
        from (
            select l.run_id
            from line l
            where l.cancel_requested_at is null
                and case when rule ->> 'when_full' = 'cancel-oldest' then l.place <= l.of_all - most else l.place > most end
            order by l.place
            limit 500
        ) l;
        is_done := turn_all_away(
            of.tenant_id, away,
            case when rule ->> 'when_full' = 'cancel-oldest' then 'Canceled: newer runs of its key began'
                else 'Canceled: older runs of its key are under way' end
        );
    end if;
    passed := held_at(of, most - at_once);
    if rule ->> 'when_full' = 'skip' then
        select array_agg(h.run_id) into away
        from (
            select j.run_id
            from job j
            where j.tenant_id = of.tenant_id and j.workflow_id = of.workflow_id and j.stage = of.stage and j.gate = of.gate
                and j.state = 'held' and j.run_id <> all (passed)
            limit 500
        ) h;
        is_done := turn_all_away(of.tenant_id, away, 'Skipped: another run of its key is under way');
    end if;
    if not is_done then
        call look_again(of, clock_timestamp() + interval '200 milliseconds');
    else
        delete from flow_gate f
        where f.tenant_id = of.tenant_id and f.workflow_id = of.workflow_id and f.stage = of.stage and f.gate = of.gate;
    end if;
    return passed;
end
$$;

-- Who passes one gate now, whose lock is held. By the workflow's rules of now: a rule that is gone lets all pass.
create function turn_gate(of gate_ref) returns uuid[]
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
create function turn_gates(gates gate_ref[]) returns bigint
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    of_stage text;
    of gate_ref;
    passed uuid[];
    begun bigint := 0;
begin
    foreach of_stage in array array['debounce', 'throttle', 'concurrency'] loop
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

-- Runs that have just been taken in, as held, stand before their first gates. How many may begin.
create function enter_gates(tenants uuid[], runs uuid[]) returns bigint
language sql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
    select turn_gates(array(
        select distinct row(j.tenant_id, j.workflow_id, j.stage, j.gate)::gate_ref
        from unnest(tenants, runs) as g (tenant_id, run_id)
        join job j on j.tenant_id = g.tenant_id and j.run_id = g.run_id
        where j.state = 'held'
    ))
$$;

-- Ends jobs that hold places, and gives these to whoever stands before the gates. How many may begin.
create function end_gated_jobs(runs uuid[]) returns bigint
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    gates gate_ref[];
begin
    with gone as (
        delete from job j
        where j.tenant_id = current_tenant() and j.run_id = any(runs)
        returning j.tenant_id, j.workflow_id, j.stage, j.gate
    )
    select array_agg(row(g.tenant_id, g.workflow_id, g.stage, g.gate)::gate_ref) into gates
    from gone g
    where g.stage is not null;
    return turn_gates(coalesce(gates, '{}'));
end
$$;

-- Turns up to `most` gates whose time has come. How many runs may begin, and in how many milliseconds the next is due.
create function turn_due_gates(most int, out begun bigint, out turned bigint, out next_ms bigint)
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    due gate_ref[];
begin
    -- Not locked: another worker that turns the same gate finds it turned.
    select array_agg(row(f.tenant_id, f.workflow_id, f.stage, f.gate)::gate_ref) into due
    from (select * from flow_gate f where f.due_at <= clock_timestamp() order by f.due_at limit most) f;
    turned := coalesce(cardinality(due), 0);
    begun := turn_gates(coalesce(due, '{}'));
    -- Without waiting: a flush that spends of a rate waits for the gates that are locked here.
    delete from flow_gate f
    where f.ctid = any(array(
        select r.ctid
        from unnest(due) as d
        join flow_gate r on r.tenant_id = d.tenant_id and r.workflow_id = d.workflow_id and r.stage = d.stage and r.gate = d.gate
        where d.stage = 'rate' and r.next_at <= clock_timestamp()
        for update of r skip locked
    ));
    select greatest(ceil(extract(epoch from min(f.due_at) - clock_timestamp()) * 1000), 0)::bigint into next_ms
    from flow_gate f;
end
$$;

-- Repair: turns up to `most` gates that somebody stands before, from behind `after` on. The last of them; null: no more.
create function turn_standing_gates(after gate_ref, most int) returns gate_ref
language plpgsql
set enable_seqscan = off -- their plans are kept, whatever the size of the tables was when they were made
as $$
declare
    found_gates gate_ref[];
begin
    with recursive standing as (
        (
            select j.tenant_id, j.workflow_id, j.stage, j.gate
            from job j
            where j.state = 'held' and j.stage is not null
                and (after is null or (j.tenant_id, j.workflow_id, j.stage, j.gate)
                > (after.tenant_id, after.workflow_id, after.stage, after.gate))
            order by j.tenant_id, j.workflow_id, j.stage, j.gate
            limit 1
        )
        union all
        select n.tenant_id, n.workflow_id, n.stage, n.gate
        from standing s
        cross join lateral (
            select j.tenant_id, j.workflow_id, j.stage, j.gate
            from job j
            where j.state = 'held' and j.stage is not null
                and (j.tenant_id, j.workflow_id, j.stage, j.gate) > (s.tenant_id, s.workflow_id, s.stage, s.gate)
            order by j.tenant_id, j.workflow_id, j.stage, j.gate
            limit 1
        ) n
    )
    select array_agg(row(l.tenant_id, l.workflow_id, l.stage, l.gate)::gate_ref) into found_gates
    from (select * from standing limit most) l;
    if found_gates is null then
        return null;
    end if;
    perform turn_gates(found_gates);
    return found_gates[cardinality(found_gates)];
end
$$;
