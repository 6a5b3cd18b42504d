-- note_ends :exec  by key throughout  called by the journal writer in a flush that ends runs, behind the fence and write_runs
-- For the triggers that wait for ends and the alerts that tell of them (data/follower); a tenant without any costs two looks.
-- Of a draft's tests nobody hears: their version is none of workflow_version.
-- And what the runs have cost, tests included, is added up: here, because the fence lets each run end once (docs/adr/0048). In
-- the order of the key, so that two workers never wait for each other.
with ended as materialized (
    select
        e.run_id, e.state, e.failure_kind, e.error, r.workflow_id, r.workflow_version_id, r.cause, r.depth,
        r.steps_done as steps, r.cpu_us, r.memory_byte_seconds, r.bytes_in, r.bytes_out, r.calls
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as e (run_id, state, failure_kind, error)
    cross join lateral (
        select * from workflow_run w where w.tenant_id = current_tenant() and w.id = e.run_id offset 0
    ) r
),
counted as (
    insert into usage_part as u (
        tenant_id, day, workflow_id, part, runs, steps, cpu_us, memory_byte_seconds, bytes_in, bytes_out, calls
    )
    select
        current_tenant(), (clock_timestamp() at time zone 'utc')::date, e.workflow_id, pg_backend_pid() % 4, count(*),
        sum(e.steps), sum(e.cpu_us), sum(e.memory_byte_seconds), sum(e.bytes_in), sum(e.bytes_out), sum(e.calls)
    from ended e
    group by e.workflow_id
    order by e.workflow_id
    on conflict (tenant_id, day, workflow_id, part) do update
    set runs = u.runs + excluded.runs,
        steps = u.steps + excluded.steps,
        cpu_us = u.cpu_us + excluded.cpu_us,
        memory_byte_seconds = u.memory_byte_seconds + excluded.memory_byte_seconds,
        bytes_in = u.bytes_in + excluded.bytes_in,
        bytes_out = u.bytes_out + excluded.bytes_out,
        calls = u.calls + excluded.calls
)
insert into run_end (tenant_id, run_id, workflow_id, state, failure_kind, error, cause, depth)
select current_tenant(), e.run_id, e.workflow_id, e.state, e.failure_kind, e.error::jsonb, e.cause, e.depth
from ended e
where exists (
    select from workflow_version v where v.tenant_id = current_tenant() and v.id = e.workflow_version_id offset 0
)
    and (
        exists (
            select from trigger t where t.tenant_id = current_tenant() and t.kind = 'event' and t.state = 'active' offset 0
        )
        -- Somebody who builds listens for an event, of whichever kind.
        or exists (
            select
            from trigger_sample s
            where s.tenant_id = current_tenant()
                and s.listen_until > statement_timestamp()
            offset 0
        )
        or exists (
            select
            from alert_rule a
            where a.tenant_id = current_tenant()
                and a.state = 'active'
                and e.state = any(a.states)
                and (a.workflow_id is null or a.workflow_id = e.workflow_id)
            offset 0
        )
    )
on conflict do nothing
