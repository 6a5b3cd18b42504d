-- What ends a credential, or changes what it means, is told to every api process at once: a notice with the id of the
-- session, token, person or tenant. Triggers, so that whoever writes tells, also an operator's own SQL. Such writes are
-- rare, and the recording of a use (last_seen_at, last_used_at) tells nothing.

set local search_path = weft;
set local role weft_owner;

-- The column whose id is told is the trigger's argument.
create function tell_credential() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    perform pg_notify('weft_credential', to_jsonb(old) ->> tg_argv[0]);
    return null;
end
$$;

create trigger tell_credential after delete or update of user_id, token_hash, expires_at on session
for each row execute function tell_credential('id');
create trigger tell_credential
after delete or update of role, scopes, token_hash, created_by, expires_at, revoked_at on api_token
for each row execute function tell_credential('id');
create trigger tell_credential after delete or update of disabled_at on app_user
for each row execute function tell_credential('id');
create trigger tell_credential after delete or update of role, user_id on membership
for each row execute function tell_credential('user_id');
create trigger tell_credential after delete on tenant
for each row execute function tell_credential('id');
