-- load_journal :many  by key, run by run (see load_inputs)  called by the engine after a later claim: what the run has,
-- but for the values of loops' items, of which there may be a hundred thousand: see load_values in journal.h
select p.run_id, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref::uuid
from unnest($1::uuid[]) as w (run_id)
cross join lateral (
    select * from payload p where p.run_id = w.run_id and p.slot not like 'step.%.input' and p.slot not like 'step.%]%'
    offset 0
) p
