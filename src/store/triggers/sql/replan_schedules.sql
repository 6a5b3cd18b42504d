-- replan_schedules :exec  called by data/scheduler once, when it starts: those whose next slot other zones have found
update trigger_schedule
set due_at = clock_timestamp()
where due_at is not null
    and tzdata <> $1
