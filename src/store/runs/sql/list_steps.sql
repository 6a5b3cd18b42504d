-- list_steps :many  by key  called by the API's run page
select
    s.step_id, s.iteration, s.position, s.state, s.attempt, s.failure_kind, s.error, s.idempotency_key, s.intent_at,
    s.started_at, s.finished_at, s.source, s.cpu_us, s.memory_byte_seconds, s.bytes_in, s.bytes_out, s.calls,
    exists (select from payload p where p.run_id = s.run_id and p.slot = n.slot || '.input') as has_input,
    exists (select from payload p where p.run_id = s.run_id and p.slot = n.slot || '.output') as has_output
from (
    select *
    from step_run s
    where s.run_id = $1::uuid
        and ($2::text is null or s.step_id = $2::text)
        and (s.position, s.iteration) > ($3::int, $4::bigint)
        and ($6::bigint is null or s.iteration = $6::bigint)
    order by s.position, s.iteration
    limit $5::int
) s
cross join lateral (
    select 'step.' || s.step_id || case when s.iteration > 0 then '[' || s.iteration || ']' else '' end as slot
) n
order by s.position, s.iteration
