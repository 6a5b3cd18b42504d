-- Runs that begin with steps of an earlier run or with given values, and versions that only tests run.
set local search_path = weft;
set local role weft_owner;

-- Of a step that its run has not done itself: taken from the run that it repeats, or given by who tests.
alter table step_run add column source text check (source in ('rerun', 'pin'));

-- Which runs repeat a run: so that a bulk repetition can be asked for twice.
create index workflow_run_reruns_idx on workflow_run (tenant_id, rerun_of) where rerun_of is not null;

-- What a test runs: a draft, or the part of it that is tested. It has the id of its run.
create table test_version (
    tenant_id uuid not null,
    id uuid not null,
    workflow_id uuid not null,
    compiled json not null,
    made_by uuid,
    created_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, id),
    foreign key (tenant_id, workflow_id) references workflow (tenant_id, id) on delete cascade
);
create index test_version_by_workflow_idx on test_version (tenant_id, workflow_id); -- of the foreign key
create index test_version_by_age_idx on test_version (created_at);
call protect('test_version');
