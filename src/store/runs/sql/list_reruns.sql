-- list_reruns :many  workflow_run_reruns_idx  called by the API before many runs are repeated
select distinct r.rerun_of
from workflow_run r
where r.rerun_of = any($1::uuid[])
