-- drop_days :one  one scan of job, which is small  called by data/dispatch every few minutes, by one worker at a time
-- Days of a history table that ended `$2` seconds ago, at most `$3`. A live run keeps its day, hence the runs beside it.
select retire_partitions(
    $1::text,
    ((clock_timestamp() - $2::bigint * interval '1 second') at time zone 'UTC')::date,
    coalesce(
        (
            select array_agg(distinct (to_timestamp(i.millis / 1000.0) at time zone 'UTC')::date)
            from job j
            -- A version 7 id begins with its time.
            cross join lateral (
                select ('x' || left(replace(j.run_id::text, '-', ''), 12))::bit(48)::bigint as millis
            ) i
        ),
        '{}'
    ),
    $3::int
)
