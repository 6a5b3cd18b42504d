select to_regclass('weft_graphql.action_log') is not null
