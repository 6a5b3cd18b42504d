-- What is due of many: polls by when they can be had, and which workflows of a tenant a claim has looked at.
set local search_path = weft;
set local role weft_owner;

-- Those that are being asked right now stand behind the others.
create index trigger_poll_free_idx on trigger_poll (greatest(due_at, lease_until)) where due_at is not null;
drop index trigger_poll_due_idx;

-- Of a tenant with more workflows than a claim looks at: behind which of them the next claim goes on.
alter table tenant_queue add column turn_after uuid;
