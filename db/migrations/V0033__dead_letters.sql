-- Dead letters: runs that failed for good and that nobody who waits was told of (docs/adr/0045). Until now only those whose
-- workers died again and again.
set local search_path = weft;
set local role weft_owner;

alter table dead_letter
    add column workflow_id uuid,
    add column failure_kind text check (failure_kind in ('workflow', 'provider', 'limit', 'platform')),
    add column error_class text,
    add column step_id text, -- whose failure it was
    add column is_poison boolean not null default false, -- not tried again because workers died with it
    add column tries int not null default 1, -- the run, and those before it that it repeats
    add column origin_run_id uuid, -- the first of these
    add column state text not null default 'open' check (state in ('open', 'redriven', 'dropped')),
    add column redriven_by uuid, -- the run that repeats it
    add column settled_at timestamptz, -- since when it has been in its state, unless that is open
    add column dropped_by uuid,
    add column dropped_by_name text,
    add column note text check (length(note) <= 500);

-- As their owner, past the policies, which know no tenant here.
alter table dead_letter no force row level security;
alter table workflow_run no force row level security;
update dead_letter d
set origin_run_id = d.run_id,
    workflow_id = r.workflow_id,
    failure_kind = r.failure_kind,
    error_class = 'crash',
    is_poison = true
from workflow_run r
where r.tenant_id = d.tenant_id and r.id = d.run_id;
delete from dead_letter where workflow_id is null; -- their runs are gone, and with them what could be repeated
alter table dead_letter force row level security;
alter table workflow_run force row level security;

alter table dead_letter
    alter column workflow_id set not null,
    alter column error_class set not null,
    alter column origin_run_id set not null;
create index dead_letter_state_idx on dead_letter (tenant_id, state, run_id);
create index dead_letter_origin_idx on dead_letter (tenant_id, origin_run_id);
-- Cross-tenant on purpose: how many there are, and which are old.
create index dead_letter_open_idx on dead_letter (created_at) where state = 'open';
create index dead_letter_age_idx on dead_letter (created_at);
