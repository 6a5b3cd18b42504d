-- drop :many  dead_letter_pkey  called by control/runs
update dead_letter d
set state = 'dropped',
    settled_at = clock_timestamp(),
    dropped_by = $2::uuid,
    dropped_by_name = $3,
    note = $4
where d.tenant_id = current_tenant() and d.run_id = any($1::uuid[]) and d.state = 'open'
returning d.run_id
