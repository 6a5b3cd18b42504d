-- kept_blobs :many  payload_kept  called by data/dispatch before files of large values go
select b.name from kept_blobs($1::int) as b (name)
