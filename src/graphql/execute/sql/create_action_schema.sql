-- create_action_schema :exec  called by ActionLog::make
create schema if not exists weft_graphql
