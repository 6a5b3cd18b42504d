-- lock_jobs :many  by key throughout  called by the journal writer, right before flush in its transaction
-- A statement of its own, so that flush sees these jobs as they are when it changes them: a heartbeat or a cancel that
-- commits while a lock is waited for moves the row to where the snapshot of the waiting statement does not look.
-- In the order of the key, like every statement that locks several jobs.
select l.run_id
from (select o.run_id from unnest($1::uuid[]) as o (run_id) order by o.run_id) e
cross join lateral (select j.run_id from job j where j.run_id = e.run_id for update of j) l
