-- time_until_message :one  uses alert_rule_due_idx  called by data/alerter when nothing is due
select (extract(epoch from min(greatest(least(due_at, test_at), lease_until)) - clock_timestamp()) * 1000)::bigint as wait_ms
from alert_rule
where due_at is not null or test_at is not null
