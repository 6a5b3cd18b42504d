-- note_ends :exec  by key throughout  called by the journal writer in a flush that ends runs
-- For the triggers that wait for ends (data/follower); a tenant without any costs a look.
insert into run_end (tenant_id, run_id, workflow_id, state, failure_kind, error, cause, depth)
select current_tenant(), e.run_id, r.workflow_id, e.state, e.failure_kind, e.error::jsonb, r.cause, r.depth
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as e (run_id, state, failure_kind, error)
cross join lateral (
    select w.workflow_id, w.cause, w.depth
    from workflow_run w
    where w.tenant_id = current_tenant() and w.id = e.run_id
    offset 0
) r
where exists (
    select from trigger t where t.tenant_id = current_tenant() and t.kind = 'event' and t.state = 'active' offset 0
)
on conflict do nothing
