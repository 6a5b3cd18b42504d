-- forget_kept :one  the kept partition, then by key  called by data/dispatch, by one worker at a time
-- Runs in the partition of kept ones that live no more and ended `$2` seconds ago.
select forget_kept($1::text, coalesce(array_agg(k.tenant_id), '{}'), coalesce(array_agg(k.run_id), '{}'))
from kept_runs($1::text, $3::int) k
where not exists (select from job j where j.tenant_id = k.tenant_id and j.run_id = k.run_id)
    and not exists (
        select
        from workflow_run r
        where r.tenant_id = k.tenant_id and r.id = k.run_id
            and (r.finished_at is null or r.finished_at >= clock_timestamp() - $2::bigint * interval '1 second')
    )
