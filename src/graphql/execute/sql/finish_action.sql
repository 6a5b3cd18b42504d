-- finish_action :exec  uses action_log_pkey  called by ActionLog::finish
update weft_graphql.action_log
set status = case when $3::json is null then 'completed' else 'error' end,
    response = $2::json,
    errors = $3::json,
    finished_at = now()
where id = $1::uuid and status = 'processing'
