-- Runs that other runs begin: a step's child, which its parent waits for or not; the handler of a failed run; a run that
-- begins with the end of another. A child's end is the answer to its parent's wait.
set local search_path = weft;
set local role weft_owner;

alter table workflow_run
    add column cause text check (cause in ('child', 'handler', 'follower')),
    add column parent_run_id uuid,
    add column parent_step_id text,
    add column parent_iteration bigint,
    add column parent_attempt int,
    add column depth smallint not null default 0; -- how many runs stand above it
create index workflow_run_by_parent_idx on workflow_run (tenant_id, parent_run_id, id) where parent_run_id is not null;

-- The parent only of a child that is waited for: whom its end answers.
alter table job
    add column depth smallint not null default 0,
    add column parent_run_id uuid,
    add column parent_step_id text,
    add column parent_iteration bigint;

alter table run_wait
    drop constraint run_wait_kind_check,
    add constraint run_wait_kind_check check (kind in ('callback', 'event', 'approval', 'child')),
    add column attempt int not null default 1, -- of the step; another one opens the same row again
    add column child_run_id uuid,
    add column failure_kind text check (failure_kind in ('workflow', 'provider', 'limit', 'platform')),
    add constraint run_wait_child_check check ((kind = 'child') = (child_run_id is not null));
