-- lock_job :exec  by job's key  called first in the transaction of an answer: the engine, which may be parking the run, has
-- this lock while it does
select
from job
where tenant_id = current_tenant()
    and run_id = $1::uuid
for update
