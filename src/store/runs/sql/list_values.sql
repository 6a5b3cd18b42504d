-- list_values :many  by key  called by the API's run and step pages
select p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref
from payload p
where p.run_id = $1::uuid and p.slot = any($2::text[])
