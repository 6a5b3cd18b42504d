-- time_until_poll :one  uses trigger_poll_due_idx  called by data/poller when nothing is due
select (extract(epoch from min(greatest(due_at, lease_until)) - clock_timestamp()) * 1000)::bigint as wait_ms
from trigger_poll
where due_at is not null
