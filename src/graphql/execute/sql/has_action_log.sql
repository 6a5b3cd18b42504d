-- has_action_log :one  called by ActionLog::exists
select to_regclass('weft_graphql.action_log') is not null
