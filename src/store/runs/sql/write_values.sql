-- write_values :exec  by key throughout  called by the journal writer in a flush that has some
insert into payload as p (tenant_id, run_id, slot, size_bytes, codec, key_id, data, blob_ref)
select current_tenant(), w.run_id, w.slot, w.size_bytes, w.codec, w.key_id, w.data, w.blob_ref
from unnest($1::uuid[], $2::text[], $3::int[], $4::smallint[], $5::uuid[], $6::bytea[], $7::text[])
as w (run_id, slot, size_bytes, codec, key_id, data, blob_ref)
on conflict (tenant_id, run_id, slot) do update
set size_bytes = excluded.size_bytes,
    codec = excluded.codec,
    key_id = excluded.key_id,
    data = excluded.data,
    blob_ref = excluded.blob_ref
