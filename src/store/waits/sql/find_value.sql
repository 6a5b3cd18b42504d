-- find_value :optional  by key  called for what an approval asks
select p.size_bytes, p.codec, p.key_id, p.data, p.blob_ref::uuid
from payload p
where p.tenant_id = current_tenant()
    and p.run_id = $1::uuid
    and p.slot = $2::text
