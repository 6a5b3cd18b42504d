-- list_days :many  the catalog only  called by data/dispatch every few minutes, by one worker at a time
-- Days (since 1970) of a history table that ended `$2` seconds ago, oldest first. Today and yesterday never have.
select to_date(right(c.relname, 8), 'YYYYMMDD') - date '1970-01-01' as day
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = ('weft.' || $1::text)::regclass
    and c.relname ~ '_[0-9]{8}$'
    and to_date(right(c.relname, 8), 'YYYYMMDD') < least(
        ((clock_timestamp() - $2::bigint * interval '1 second') at time zone 'UTC')::date,
        (clock_timestamp() at time zone 'UTC')::date - 1
    )
order by 1
limit $3::int
