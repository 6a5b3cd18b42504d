-- lock_sweep :one  no table  called first by the sweep: one worker at a time
select pg_try_advisory_xact_lock(hashtext('weft files'))
