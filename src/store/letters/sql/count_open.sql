-- count_open :one  dead_letter_open_idx, across tenants  called by data/dispatch for the metrics
select count(*) as letters from (select from dead_letter where state = 'open' order by created_at limit 100000) open
