-- read_action :one  uses action_log_pkey  called by ActionLog::read
select id, to_json(created_at) #>> '{}', response, errors
from weft_graphql.action_log
where id = $1::uuid and name = $2 and ($3::boolean or (role = $4 and session = $5::jsonb))
