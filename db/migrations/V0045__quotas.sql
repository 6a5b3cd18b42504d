-- What the operator lets a tenant have (docs/adr/0057), beside `weight` and `inflight_max`; null: the server's default.
set local search_path = weft;
set local role weft_owner;

alter table tenant_queue
add column due_max bigint check (due_max > 0),
add column waiting_max bigint check (waiting_max > 0),
add column triggers_max bigint check (triggers_max > 0),
add column file_bytes_max bigint check (file_bytes_max > 0);
