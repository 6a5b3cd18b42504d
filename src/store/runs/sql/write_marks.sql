-- write_marks :exec  by key throughout  called by the journal writer in a flush that has some
insert into run_mark (tenant_id, run_id, name, value)
select current_tenant(), w.run_id, w.name, w.value
from unnest($1::uuid[], $2::text[], $3::text[]) as w (run_id, name, value)
on conflict do nothing
