-- count_backlog :one  uses job_ready_idx, job_gate_idx  called by data/ingress, at most once a second for a tenant; counts to `$1`
select count(*)
from (
    (
        select
        from job
        where tenant_id = current_tenant()
            and state = 'ready'
            and run_at <= clock_timestamp()
        limit $1::bigint
    )
    union all
    (
        select
        from job
        where tenant_id = current_tenant()
            and state = 'held'
            and stage is not null
        limit $1::bigint
    )
    limit $1::bigint
) as j
