-- version :one  called by read_catalog
-- Such as 150018
select current_setting('server_version_num')::int
