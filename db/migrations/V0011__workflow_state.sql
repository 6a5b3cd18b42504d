-- A workflow can be switched off and put away. `inactive`: it keeps its versions, runs and triggers, and starts nothing.
-- `archived`: likewise, and it is off the default list and does not change until it is restored (as inactive).
set local search_path = weft;
set local role weft_owner;

alter table workflow
add column state text not null default 'active' check (state in ('active', 'inactive', 'archived'));

-- The word is `state` wherever something has one.
alter table app_version rename column status to state;
alter table app_version rename constraint app_version_status_check to app_version_state_check;
