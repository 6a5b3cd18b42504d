-- load_answer_values :many  by key  called by the engine for what was answered while the run is under way
select p.run_id, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref::uuid
from payload p
where p.run_id = $1::uuid
    and p.slot like 'step.%.answer'
