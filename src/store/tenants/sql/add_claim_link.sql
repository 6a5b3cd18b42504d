-- add_claim_link :optional  returns the id when the link was added  called at start
insert into claim_link (id, token_hash, expires_at)
select $1::uuid, $2::bytea, clock_timestamp() + interval '24 hours'
where not exists (select from app_user)
returning id
