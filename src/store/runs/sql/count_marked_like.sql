-- count_marked_like :one  run_mark's key  called by the API's run list
select count(*) as count
from (
    select
    from run_mark l
    where l.name = $1::text and l.value >= $2::text and l.value < $3::text and l.run_id < $4::uuid and l.run_id >= $5::uuid
    limit $6::int
) l
