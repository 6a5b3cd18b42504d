-- used_space :optional  by key  called before an upload begins
select s.size_bytes
from file_space s
where s.tenant_id = current_tenant()
