-- capture :optional  uses trigger_sample_pkey  called by data/ingress and data/poller for an event that somebody listens for
-- The first event ends the waiting; of two at once the second finds that nobody waits.
update trigger_sample
set listen_until = null,
    problem = null,
    captured_at = statement_timestamp(),
    size_bytes = $3::int,
    codec = $4::smallint,
    key_id = $5::uuid,
    data = $6::bytea
where tenant_id = $1::uuid
    and trigger_id = $2::uuid
    and listen_until > statement_timestamp()
returning trigger_id
