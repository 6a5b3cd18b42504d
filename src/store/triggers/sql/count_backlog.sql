-- count_backlog :one  uses job_ready_idx, job_gate_idx  called by data/ingress, at most once a second for a tenant
-- Counts up to what the tenant may have; `$1` is that by default (docs/adr/0057).
with quota as materialized (
    select coalesce((select q.due_max from tenant_queue q where q.tenant_id = current_tenant()), $1::bigint) as most
)
select
    (
        select count(*)
        from (
            (
                select
                from job
                where tenant_id = current_tenant()
                    and state = 'ready'
                    and run_at <= clock_timestamp()
                limit (select q.most from quota q)
            )
            union all
            (
                select
                from job
                where tenant_id = current_tenant()
                    and state = 'held'
                    and stage is not null
                limit (select q.most from quota q)
            )
            limit (select q.most from quota q)
        ) as j
    ) as used,
    (select q.most from quota q) as most
