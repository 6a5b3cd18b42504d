-- try_lock :one  no table  called before a create that carries an Idempotency-Key; released when its transaction ends
select pg_try_advisory_xact_lock(hashtextextended(concat_ws('|', $1::text, $2::text, $3::text, $4::text), 7265766))
