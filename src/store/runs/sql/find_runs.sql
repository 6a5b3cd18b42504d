-- find_runs :many  workflow_run's key, backwards  called by the API's run list
-- Walks at most `$3` runs of `[$2, $1)`, and stops at `$4` that fit. The last that may be looked at is
-- told whether it fits or not: the next page goes on behind it.
select w.id, w.fits, w.n = $3::int as is_last
from (
    select
        r.id, row_number() over (order by r.id desc) as n,
        run_fits(
            r, $5::text[], $6::uuid, $7::uuid, $8::uuid[], $9::text, $10::text, $11::text, $12::timestamptz, $13::timestamptz,
            $14::timestamptz, $15::timestamptz, $16::bigint, $17::bigint, $18::uuid
        ) as fits
    from workflow_run r
    where r.id < $1::uuid and r.id >= $2::uuid
    order by r.id desc
    limit $3::int
) w
where w.fits or w.n = $3::int
order by w.id desc
limit $4::int
