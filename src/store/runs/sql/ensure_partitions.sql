-- ensure_partitions :one  called by data/dispatch and data/ingress at start and every hour: tomorrow's tables exist before tomorrow
select ensure_partitions(7)
