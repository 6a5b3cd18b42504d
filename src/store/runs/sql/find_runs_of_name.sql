-- find_runs_of_name :many  run_mark_by_name_idx, backwards  called by the API's run list
-- As find_runs: of all runs that have a value of this name, where very many have one that begins so.
select w.id, w.fits, w.n = $3::int as is_last
from (
    select c.id, row_number() over (order by c.id desc) as n, coalesce(f.fits, false) as fits
    from (
        select m.run_id as id
        from run_mark m
        where m.name = $19::text and m.run_id < $1::uuid and m.run_id >= $2::uuid
        order by 1 desc
        limit $3::int
    ) c
    left join lateral (
        select run_fits(
                r, $5::text[], $6::uuid, $7::uuid, $8::uuid[], $9::text, $10::text, $11::text, $12::timestamptz, $13::timestamptz,
                $14::timestamptz, $15::timestamptz, $16::bigint, $17::bigint, $18::uuid
            )
            and (
                $21::text is null
                or exists (select from run_mark t where t.name = 'tag' and t.value = $21::text and t.run_id = c.id)
            )
            and exists (
                select
                from run_mark l
                where l.name = $19::text and l.value >= $20::text and l.value < $22::text and l.run_id = c.id
            ) as fits
        from workflow_run r
        where r.id = c.id
        offset 0
    ) f on true
) w
where w.fits or w.n = $3::int
order by w.id desc
limit $4::int
