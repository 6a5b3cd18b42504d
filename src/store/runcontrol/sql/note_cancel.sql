-- note_cancel :exec  one row  called by request_cancel for the first request
insert into run_event (tenant_id, run_id, kind, detail)
values ($1::uuid, $2::uuid, 'run.cancel_requested', $3::jsonb)
