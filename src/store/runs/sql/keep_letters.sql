-- keep_letters :exec  by key throughout  called by the journal writer in a flush that fails or cancels runs, before end_jobs
-- Dead letters (docs/adr/0045): failed runs of triggers, or begun by other runs that do not wait for them. One that repeats a
-- dead letter and fails is the next of the same origin; one that is canceled gives it back. A test's version is none of
-- workflow_version, hence it is never one.
with ended as materialized (
    select
        e.run_id, e.state, e.failure_kind, e.error::jsonb as error, e.step_id, e.is_poison, r.workflow_id, r.is_unattended,
        o.origin_run_id, o.tries
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[]) as e (
        run_id, state, failure_kind, error, step_id, is_poison
    )
    cross join lateral (
        select w.workflow_id, w.rerun_of, w.trigger_id is not null or w.cause is not null as is_unattended
        from workflow_run w
        where w.tenant_id = current_tenant()
            and w.id = e.run_id
            and exists (
                select from workflow_version v where v.tenant_id = w.tenant_id and v.id = w.workflow_version_id offset 0
            )
            and not exists (
                select
                from job j
                where j.tenant_id = w.tenant_id and j.run_id = w.id and j.parent_run_id is not null
                offset 0
            )
        offset 0
    ) r
    left join lateral (
        select d.origin_run_id, d.tries
        from dead_letter d
        where d.tenant_id = current_tenant() and d.run_id = r.rerun_of
        offset 0
    ) o on true
),
given_back as (
    update dead_letter d
    set state = 'open',
        redriven_by = null,
        settled_at = null
    from ended e
    where e.state = 'canceled'
        and d.tenant_id = current_tenant()
        and d.origin_run_id = e.origin_run_id
        and d.redriven_by = e.run_id
        and d.state = 'redriven'
)
insert into dead_letter (
    tenant_id, run_id, reason, workflow_id, failure_kind, error_class, step_id, is_poison, tries, origin_run_id
)
select
    current_tenant(), e.run_id, coalesce(e.error ->> 'message', 'unknown'), e.workflow_id, e.failure_kind,
    coalesce(e.error ->> 'class', case e.failure_kind when 'provider' then 'rejected' else e.failure_kind end, 'platform'),
    e.step_id, e.is_poison, coalesce(e.tries, 0) + 1, coalesce(e.origin_run_id, e.run_id)
from ended e
where e.state = 'failed'
    and (e.is_unattended or e.is_poison or e.origin_run_id is not null)
on conflict do nothing
