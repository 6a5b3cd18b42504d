-- claim_polls :many  uses trigger_poll_free_by_way_idx, trigger_pkey, workflow_pkey  called by data/poller
-- What is due and nobody asks, of all tenants but those in `$3`, oldest first. A claim is a lease with a new epoch: whoever
-- comes back after it has lapsed finds another epoch and writes nothing.
with due as materialized (
    select p.tenant_id, p.trigger_id, p.ctid as place
    from trigger_poll p
    where p.is_held = $4::boolean
        and greatest(p.due_at, p.lease_until) <= statement_timestamp()
        and p.due_at is not null
        and p.tenant_id <> all($3::uuid[])
    order by greatest(p.due_at, p.lease_until)
    limit $1::int
    for update skip locked
),
claimed as (
    update trigger_poll p
    set lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond',
        epoch = p.epoch + 1
    from due d
    where p.ctid = d.place
    returning p.tenant_id, p.trigger_id, p.compiled, p.epoch, p.source, p.is_primed, p.cursor, p.failures, p.checked_at
)
select
    c.tenant_id, c.trigger_id, t.workflow_id, t.kind, t.name, t.config, c.compiled, c.epoch, c.source,
    c.is_primed, c.cursor, c.failures, c.checked_at is not null as is_checked,
    t.state = 'active' and w.state = 'active' and w.published_version_id is not null as is_live,
    coalesce(s.listen_until > statement_timestamp(), false) as is_listening,
    w.published_version_id, w.flow, statement_timestamp() as now
from claimed c
join trigger t on t.tenant_id = c.tenant_id and t.id = c.trigger_id
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
left join trigger_sample s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
