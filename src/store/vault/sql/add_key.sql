-- add_key :optional  one row, none when another process was first  called when a tenant is made, and by the worker
insert into tenant_key (tenant_id, id, class, version, public_key, wrapped_key)
values ($1::uuid, $2::uuid, $3, $4::int, $5::bytea, $6::bytea)
on conflict do nothing
