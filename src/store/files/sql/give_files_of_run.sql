-- give_files_of_run :exec  uses file_use_pkey  called before a run begins again, or one within another: it may use what that may
insert into file_use (tenant_id, run_id, file_id)
select u.tenant_id, $1::uuid, u.file_id
from file_use u
where u.tenant_id = current_tenant()
    and u.run_id = $2::uuid
order by u.file_id
limit 10000
on conflict do nothing
