-- add_action :one  called by ActionLog::add
insert into weft_graphql.action_log (name, input, role, session, headers, request_query, timeout_ms)
values ($1, $2::json, $3, $4::jsonb, $5::jsonb, $6, $7::bigint)
returning id
