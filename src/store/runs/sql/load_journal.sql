-- load_journal :many  by key  called by the engine after a later claim: what the run has so far
select p.run_id, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref
from payload p
where p.run_id = any($1::uuid[]) and p.slot not like 'step.%.input'
