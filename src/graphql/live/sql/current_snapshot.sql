-- current_snapshot :one  called by Live: which transactions are visible now
select pg_catalog.pg_current_snapshot()::text
