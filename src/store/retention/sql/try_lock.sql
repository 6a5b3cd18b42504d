-- try_lock :one  no table  called by data/dispatch before it deletes; released when the transaction ends
select pg_try_advisory_xact_lock(7265768)
