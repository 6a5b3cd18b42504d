-- plain_path :one  called by read_catalog
-- For this transaction every type outside pg_catalog is spelled with its schema
select set_config('search_path', 'pg_catalog', true)
