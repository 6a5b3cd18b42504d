-- retire_day :one  the catalog, and the rows of the runs that are given by key  called by data/dispatch, by one worker at a time
select retire_day($1::text, date '1970-01-01' + $2::int, $3::uuid[], $4::uuid[], $5::int)
