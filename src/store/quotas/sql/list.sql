-- list :many  one row for each quota  called by control/quotas; counts up to `$5` rows of each kind
select n.name, n.most, n.used, n.is_own
from (select current_tenant() as tenant_id) t
left join tenant_queue q on q.tenant_id = t.tenant_id
cross join lateral (
    values
    (
        1, 'due_runs', coalesce(q.due_max, $1::bigint),
        (
            select count(*)
            from (
                (
                    select
                    from job j
                    where j.tenant_id = t.tenant_id and j.state = 'ready' and j.run_at <= clock_timestamp()
                    limit $5::bigint
                )
                union all
                (select from job j where j.tenant_id = t.tenant_id and j.state = 'held' and j.stage is not null limit $5::bigint)
            ) d
        ),
        q.due_max is not null
    ),
    (
        2, 'running_runs', coalesce(q.inflight_max, 200),
        (select count(*) from job j where j.tenant_id = t.tenant_id and j.state = 'leased'),
        q.inflight_max is distinct from 200
    ),
    (
        3, 'waiting_runs', coalesce(q.waiting_max, $2::bigint),
        (
            select count(*)
            from (
                select
                from job j
                where j.tenant_id = t.tenant_id and j.state = 'ready' and j.run_at > clock_timestamp()
                limit $5::bigint
            ) w
        ),
        q.waiting_max is not null
    ),
    (
        4, 'triggers', coalesce(q.triggers_max, $3::bigint),
        (select count(*) from (select from trigger g where g.tenant_id = t.tenant_id limit $5::bigint) g),
        q.triggers_max is not null
    ),
    (
        5, 'file_bytes', coalesce(q.file_bytes_max, $4::bigint),
        coalesce((select s.size_bytes from file_space s where s.tenant_id = t.tenant_id), 0),
        q.file_bytes_max is not null
    ),
    (6, 'weight', coalesce(q.weight, 1)::bigint, null::bigint, q.weight is distinct from 1)
) as n (position, name, most, used, is_own)
order by n.position
