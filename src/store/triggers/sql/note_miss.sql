-- note_miss :many  uses trigger_miss_pkey  called by data/poller and data/scheduler in their transactions
select note_miss($1::uuid, $2::uuid, $3::text, $4::bigint, statement_timestamp(), $5::text)
