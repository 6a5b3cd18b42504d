-- find_live_runs :many  job's key, backwards  called by the API's run list
-- As find_runs: a run that has not ended has a job.
select w.id, w.fits, w.n = $3::int as is_last
from (
    select c.id, row_number() over (order by c.id desc) as n, coalesce(f.fits, false) as fits
    from (
        select j.run_id as id
        from job j
        where j.run_id < $1::uuid and j.run_id >= $2::uuid
        order by 1 desc
        limit $3::int
    ) c
    left join lateral (
        select run_fits(
                r, $5::text[], $6::uuid, $7::uuid, $8::uuid[], $9::text, $10::text, $11::text, $12::timestamptz, $13::timestamptz,
                $14::timestamptz, $15::timestamptz, $16::bigint, $17::bigint, $18::uuid
            ) as fits
        from workflow_run r
        where r.id = c.id
        offset 0
    ) f on true
) w
where w.fits or w.n = $3::int
order by w.id desc
limit $4::int
