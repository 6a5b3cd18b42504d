-- fail_orphans :many  by key  called by the orphan sweep, per tenant; note_ends follows in the same transaction
with ended as (
    update workflow_run r
    set state = 'failed',
        failure_kind = 'platform',
        error = jsonb_build_object('message', 'The run had lost its place in the queue'),
        finished_at = clock_timestamp()
    where r.id = any($1::uuid[])
        and r.state in ('queued', 'running', 'waiting')
        and not exists (select from job j where j.run_id = r.id)
    returning
        r.id, r.workflow_id, r.parent_run_id, r.parent_step_id, r.parent_iteration,
        r.trigger_id is not null or r.cause in ('handler', 'follower') as is_unattended, r.state, r.failure_kind,
        r.error
),
answered as (
    update run_wait w
    set state = 'answered',
        ended_at = clock_timestamp(),
        failure_kind = 'platform',
        failure = 'The run had lost its place in the queue'
    from ended e
    where w.tenant_id = current_tenant()
        and w.run_id = e.parent_run_id
        and w.step_id = e.parent_step_id
        and w.iteration = e.parent_iteration
        and w.child_run_id = e.id
        and w.state = 'open'
    returning w.run_id
),
woken as (
    update job j
    set is_signaled = true,
        run_at = least(j.run_at, clock_timestamp())
    from answered a
    where j.tenant_id = current_tenant()
        and j.run_id = a.run_id
),
closed as (
    update run_wait w
    set state = 'closed',
        ended_at = clock_timestamp()
    from ended e
    where w.tenant_id = current_tenant()
        and w.run_id = e.id
        and w.state = 'open'
),
lettered as (
    insert into dead_letter (tenant_id, run_id, reason, workflow_id, failure_kind, error_class, origin_run_id)
    select
        current_tenant(), e.id, 'The run had lost its place in the queue', e.workflow_id, 'platform', 'platform', e.id
    from ended e
    where e.is_unattended
    on conflict do nothing
),
noted as (
    insert into run_event (tenant_id, run_id, kind, detail)
    select current_tenant(), e.id, 'finished', '{"state": "failed", "orphan": true}'
    from ended e
)
select e.id, e.state, e.failure_kind, e.error::text as error from ended e
