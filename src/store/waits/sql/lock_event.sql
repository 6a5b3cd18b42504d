-- lock_event :exec  no table  called first by whoever sends an event and by whoever looks for one that came before: one after
-- the other, so that one of the two sees what the other wrote
select pg_advisory_xact_lock(hashtextextended(current_tenant()::text || chr(1) || $1::text || chr(1) || $2::text, 0))
