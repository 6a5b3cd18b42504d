-- time_until_poll :optional  uses trigger_poll_free_by_way_idx  called by data/poller when nothing is due
select (extract(epoch from greatest(due_at, lease_until) - clock_timestamp()) * 1000)::bigint as wait_ms
from trigger_poll
where due_at is not null
    and is_held = $1::boolean
order by greatest(due_at, lease_until)
limit 1
