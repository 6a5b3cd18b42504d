-- list_lines :many  by key  called by the API's run page
-- A look at $4 lines at most; the last of those is given too where it does not fit, so that the next look goes on there.
select w.seq, w.logged_at, w.level, w.step_id, w.iteration, w.message, w.fields, w.fits, w.n = $4::int as is_last
from (
    select
        l.seq, l.logged_at, l.level, l.step_id, l.iteration, l.message, l.fields::text as fields,
        row_number() over (order by l.seq) as n,
        l.level = any($5::text[])
        and ($6::text is null or l.step_id = $6::text)
        and (
            $7::text is null
            or position(lower($7::text) in lower(concat_ws(' ', l.message, l.step_id, l.fields::text))) > 0
        ) as fits
    from execution_log l
    where l.run_id = $1::uuid and l.seq > $2::bigint
    order by l.seq
    limit $4::int
) w
where w.fits or w.n = $4::int
order by w.seq
limit $3::int
