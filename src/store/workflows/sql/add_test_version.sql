-- add_test_version :exec  one row  called before a test begins
insert into test_version (tenant_id, id, workflow_id, compiled, made_by)
values ($1::uuid, $2::uuid, $3::uuid, $4::json, $5::uuid)
