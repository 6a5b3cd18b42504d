-- claim_actions :many  uses action_log_open  called by ActionLog::claim
-- A call whose lease has run out belonged to a process that is gone.
update weft_graphql.action_log l
set status = 'processing',
    leased_until = now() + make_interval(secs => (l.timeout_ms + 10000) / 1000.0)
where l.id in (
    select o.id from weft_graphql.action_log o
    where o.status in ('created', 'processing') and (o.status = 'created' or o.leased_until < now())
    order by o.created_at
    limit $1::bigint
    for update skip locked
)
returning l.id, l.name, l.input, l.role, l.session, l.headers, l.request_query
