-- replan_schedules :optional  uses trigger_schedule_pkey  called by data/scheduler: those whose next slot older zones have found
-- A batch of `$4`, behind the key (`$2`, `$3`); answers the last key of it. What is locked is somebody's who plans it anyway.
with old as materialized (
    select tenant_id, trigger_id
    from trigger_schedule
    where (tenant_id, trigger_id) > ($2::uuid, $3::uuid)
        and due_at > statement_timestamp()
        and tzdata < $1::text collate "C"
    order by tenant_id, trigger_id
    limit $4::int
    for update skip locked
),
moved as (
    update trigger_schedule s
    set due_at = clock_timestamp()
    from old o
    where s.tenant_id = o.tenant_id
        and s.trigger_id = o.trigger_id
)
select tenant_id, trigger_id
from old
order by tenant_id desc, trigger_id desc
limit 1
