-- count_states :one  uses alert_rule_due_idx, alert_rule_active_idx  called by data/alerter for its gauges
select
    coalesce(sum(pending + message_ends), 0)::bigint as waiting,
    count(*) filter (where failing_since is not null) as failing
from alert_rule
where due_at is not null
