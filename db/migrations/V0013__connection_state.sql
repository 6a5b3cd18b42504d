-- What is known of a connection: how its last call went, and when it was used. `state` is the word for it everywhere; `untested`
-- until a call with this secret was answered.
set local search_path = weft;
set local role weft_owner;

alter table connection rename column status to state;
alter table connection drop constraint connection_status_check;
alter table connection alter column state set default 'untested';
alter table connection alter column state type text using case state when 'unverified' then 'untested' else state end;
alter table connection
add check (state in ('untested', 'ok', 'failing')),
add column last_error_status int,
add column last_error_at timestamptz;
