-- time_until_due :one  uses trigger_schedule_due_idx  called by data/scheduler when nothing is due
select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::bigint as wait_ms
from trigger_schedule
where due_at is not null
