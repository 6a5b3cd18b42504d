-- find_runs_of_run :many  workflow_run_by_parent_idx, backwards  called by the API's run list
-- As find_runs.
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
        and r.parent_run_id = $19::uuid
    order by r.id desc
    limit $3::int
) w
where w.fits or w.n = $3::int
order by w.id desc
limit $4::int
