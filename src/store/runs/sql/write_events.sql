-- write_events :exec  by key throughout  called by the journal writer in a flush that has some
insert into run_event (tenant_id, run_id, seq, occurred_at, kind, step_id, iteration, detail)
overriding system value
select current_tenant(), w.run_id, w.seq, w.occurred_at, w.kind, w.step_id, w.iteration, w.detail::jsonb
from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[], $7::text[])
as w (run_id, seq, occurred_at, kind, step_id, iteration, detail)
on conflict do nothing
