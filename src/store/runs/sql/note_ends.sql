-- note_ends :exec  by key throughout  called by the journal writer in a flush that ends runs
-- For the triggers that wait for ends and the alerts that tell of them (data/follower); a tenant without any costs two looks.
-- Of a draft's tests nobody hears: their version is none of workflow_version.
insert into run_end (tenant_id, run_id, workflow_id, state, failure_kind, error, cause, depth)
select current_tenant(), e.run_id, r.workflow_id, e.state, e.failure_kind, e.error::jsonb, r.cause, r.depth
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as e (run_id, state, failure_kind, error)
cross join lateral (
    select w.workflow_id, w.cause, w.depth
    from workflow_run w
    where w.tenant_id = current_tenant()
        and w.id = e.run_id
        and exists (
            select from workflow_version v where v.tenant_id = w.tenant_id and v.id = w.workflow_version_id offset 0
        )
    offset 0
) r
where exists (
    select from trigger t where t.tenant_id = current_tenant() and t.kind = 'event' and t.state = 'active' offset 0
)
    or exists (
        select
        from alert_rule a
        where a.tenant_id = current_tenant()
            and a.state = 'active'
            and e.state = any(a.states)
            and (a.workflow_id is null or a.workflow_id = r.workflow_id)
        offset 0
    )
on conflict do nothing
