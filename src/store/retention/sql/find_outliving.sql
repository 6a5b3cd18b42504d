-- find_outliving :many  one scan of job, and of the runs of one day  called by data/dispatch before a day goes
-- Runs of ids from $1 to below $2 that live, or ended after $3 and no less than $4 seconds ago.
select j.tenant_id, j.run_id
from job j
where j.run_id >= $1::uuid and j.run_id < $2::uuid
union
select r.tenant_id, r.id
from workflow_run r
where r.id >= $1::uuid and r.id < $2::uuid
    and r.finished_at >= greatest($3::timestamptz, clock_timestamp() - $4::bigint * interval '1 second')
limit $5::int
