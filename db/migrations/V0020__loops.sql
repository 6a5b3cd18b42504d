-- Items of loops. A loop inside a loop numbers its items by both, which needs more than an int; lines and events say of which
-- item they are, 0 outside of loops.
set local search_path = weft;
set local role weft_owner;

alter table step_run alter column iteration type bigint;
alter table run_event add column iteration bigint not null default 0;
alter table execution_log add column iteration bigint not null default 0;
