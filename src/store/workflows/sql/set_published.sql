-- set_published :exec  `$3`: the draft that it was made from  uses workflow_pkey, workflow_pause_pkey  called by publish
-- Without a breaker there is no pause any more: whoever stands before its gate passes.
with published as (
    update workflow
    set published_version_id = $2::uuid,
        published_hash = $3::bytea,
        flow = (select (v.compiled -> 'flow')::jsonb from workflow_version v where v.tenant_id = current_tenant() and v.id = $2::uuid),
        updated_at = clock_timestamp()
    where tenant_id = current_tenant()
        and id = $1::uuid
    returning flow
)
delete from workflow_pause
where tenant_id = current_tenant()
    and workflow_id = $1::uuid
    and not exists (select from published p where p.flow ? 'breaker')
