-- create_action_index :exec  called by ActionLog::make
create index if not exists action_log_open on weft_graphql.action_log (created_at)
    where status in ('created', 'processing')
