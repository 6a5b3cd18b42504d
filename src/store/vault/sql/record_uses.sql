-- record_uses :many  by key  called by the worker, a statement for each tenant; answers those whose state has changed
-- What is said of an older secret than the row's counts as a use only.
with said as materialized (
    select *
    from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::text[], $5::int[], $6::timestamptz[])
    as u (id, revision, used_at, state, error_status, error_at)
),
before as materialized (
    select s.id, c.state, c.revision = s.revision and s.state is not null as is_of_this_secret
    from said s
    cross join lateral (
        select c.state, c.revision from connection c where c.tenant_id = current_tenant() and c.id = s.id for update
    ) c
),
now as (
    update connection c
    set last_used_at = greatest(c.last_used_at, s.used_at),
        state = case when b.is_of_this_secret then s.state else c.state end,
        last_error_status = case when b.is_of_this_secret then coalesce(s.error_status, c.last_error_status) else c.last_error_status end,
        last_error_at = case when b.is_of_this_secret then coalesce(s.error_at, c.last_error_at) else c.last_error_at end
    from said s
    join before b on b.id = s.id
    where c.tenant_id = current_tenant() and c.id = s.id
    returning c.id, c.state, b.state as state_before
)
select n.id from now n where n.state <> n.state_before
