-- what_is_left :one  the catalog only  called by data/dispatch after it has deleted
-- The first days that history still has. A value is never older than its run; a day of grace for clocks that differ.
with left_over as materialized (
    select i.inhparent, min(to_date(right(c.relname, 8), 'YYYYMMDD')) as day
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent in ('payload'::regclass, 'workflow_run'::regclass)
        and c.relname ~ '_[0-9]{8}$'
    group by i.inhparent
)
select
    (select l.day - date '1970-01-01' - 1 from left_over l where l.inhparent = 'payload'::regclass)
        as blobs_before,
    (
        select greatest((clock_timestamp() at time zone 'UTC')::date - l.day, 0)
        from left_over l
        where l.inhparent = 'workflow_run'::regclass
    ) as oldest_run_days
