-- lock_due :many  uses trigger_schedule_due_idx  called by data/scheduler; claim_schedules reads what it has locked
-- What is due, of all tenants, oldest first; locked until the transaction ends, so that any number of schedulers share it.
-- What newer zones (than `$2`) have planned is left to a process that has them, for a minute: there may be none any more.
select tenant_id, trigger_id
from trigger_schedule
where due_at <= statement_timestamp()
    and (tzdata <= $2::text collate "C" or due_at <= statement_timestamp() - interval '1 minute')
order by due_at
limit $1::int
for update skip locked
