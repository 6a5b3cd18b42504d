-- add_session :exec  one row  called by control/auth for a login or claim
insert into session (tenant_id, id, user_id, token_hash, expires_at)
values ($1::uuid, $2::uuid, $3::uuid, $4::bytea, clock_timestamp() + interval '7 days')
