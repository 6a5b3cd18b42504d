-- keep_event :exec  one row  called behind lock_event when nobody waits
insert into kept_event (tenant_id, id, name, key, size_bytes, codec, key_id, data)
values (current_tenant(), $1::uuid, $2::text, $3::text, $4::int, $5::smallint, $6::uuid, $7::bytea)
