-- load_inputs :many  by key  called by the engine after a first claim
-- `offset 0` keeps the planner from turning this into one scan of the tenant's rows, which is what a plan made while the
-- day's partition was empty would do until the next analyze.
select p.run_id, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref::uuid
from unnest($1::uuid[]) as w (run_id)
cross join lateral (
    select * from payload p where p.run_id = w.run_id and p.slot = any(array['input', 'trigger']) offset 0
) p
