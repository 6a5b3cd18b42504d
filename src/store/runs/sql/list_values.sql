-- list_values :many  by key, value by value (see load_inputs)  called by the API's run and step pages, and by GraphQL for many runs at once
select w.n, p.slot, p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref::uuid
from unnest($1::uuid[], $2::text[]) with ordinality as w (run_id, slot, n)
cross join lateral (select * from payload v where v.run_id = w.run_id and v.slot = w.slot offset 0) p
