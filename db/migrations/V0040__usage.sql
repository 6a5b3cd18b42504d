-- What runs cost: of each step and each run, and summed by workflow and day (docs/adr/0048).
set local search_path = weft;
set local role weft_owner;

alter table step_run
    add column cpu_us bigint not null default 0,
    add column memory_byte_seconds bigint not null default 0,
    add column bytes_in bigint not null default 0,
    add column bytes_out bigint not null default 0,
    add column calls bigint not null default 0;

-- All of its steps, and what is of none: its output, what it is found by.
alter table workflow_run
    add column steps_done bigint not null default 0, -- that have ended, in loops once for each item
    add column cpu_us bigint not null default 0,
    add column memory_byte_seconds bigint not null default 0,
    add column bytes_in bigint not null default 0,
    add column bytes_out bigint not null default 0,
    add column calls bigint not null default 0;

-- Runs that have ended, by the day (UTC) of their end. In parts, so that workers that end runs of one workflow at the same
-- moment seldom wait for each other's commit. The rows are written all the time: no index but the key has what changes.
create table usage_part (
    tenant_id uuid not null,
    day date not null,
    workflow_id uuid not null,
    part smallint not null,
    runs bigint not null,
    steps bigint not null,
    cpu_us bigint not null,
    memory_byte_seconds bigint not null,
    bytes_in bigint not null,
    bytes_out bigint not null,
    calls bigint not null,
    primary key (tenant_id, day, workflow_id, part)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
create index usage_part_workflow_idx on usage_part (tenant_id, workflow_id, day);
-- Cross-tenant on purpose: what is old.
create index usage_part_age_idx on usage_part (day);
call protect('usage_part');

-- As whoever asks, hence behind the policies of the table.
create view usage_day with (security_invoker = true) as
select
    tenant_id, workflow_id, day,
    sum(runs)::bigint as runs,
    sum(steps)::bigint as steps,
    sum(cpu_us)::bigint as cpu_us,
    sum(memory_byte_seconds)::bigint as memory_byte_seconds,
    sum(bytes_in)::bigint as bytes_in,
    sum(bytes_out)::bigint as bytes_out,
    sum(calls)::bigint as calls
from usage_part
group by tenant_id, workflow_id, day;
