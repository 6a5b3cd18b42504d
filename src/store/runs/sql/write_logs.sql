-- write_logs :exec  by key throughout  called by the journal writer in a flush that has some
insert into execution_log (tenant_id, run_id, seq, logged_at, level, step_id, iteration, message, fields)
overriding system value
select current_tenant(), w.run_id, w.seq, w.logged_at, w.level, w.step_id, w.iteration, w.message, w.fields::jsonb
from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[])
as w (run_id, seq, logged_at, level, step_id, iteration, message, fields)
on conflict do nothing
