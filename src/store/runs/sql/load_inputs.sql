-- load_inputs :many  by key  called by the engine after a first claim
select p.run_id, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref
from payload p
where p.run_id = any($1::uuid[]) and p.slot = any(array['input', 'trigger'])
