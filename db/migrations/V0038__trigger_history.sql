-- What triggers of any kind did not take or could not do, by the minute: with their runs, the history that their owners see.
set local search_path = weft;
set local role weft_owner;

-- However much comes, a trigger has one row for a minute and a reason, and the newest 2,000 of them.
create table trigger_miss (
    tenant_id uuid not null,
    trigger_id uuid not null,
    minute timestamptz not null,
    reason text not null check (length(reason) <= 40),
    events bigint not null check (events > 0),
    last_at timestamptz not null,
    detail text check (length(detail) <= 1100), -- a sentence for the owner, of the last one; nothing that a sender wrote
    primary key (tenant_id, trigger_id, minute, reason),
    foreign key (tenant_id, trigger_id) references trigger (tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
call protect('trigger_miss');

create function note_miss(
    of_tenant uuid, of_trigger uuid, why text, how_many bigint, at timestamptz, said text default null
) returns void
language plpgsql
set search_path = weft, pg_temp
as $$
declare
    is_new boolean;
    oldest record;
begin
    insert into trigger_miss as m (tenant_id, trigger_id, minute, reason, events, last_at, detail)
    values (of_tenant, of_trigger, date_trunc('minute', at), why, how_many, at, said)
    on conflict (tenant_id, trigger_id, minute, reason) do update
    set events = m.events + excluded.events,
        last_at = greatest(m.last_at, excluded.last_at),
        detail = excluded.detail
    returning m.events = how_many into is_new;
    -- Once a minute and reason, not with each flush.
    if is_new then
        select m.minute, m.reason into oldest
        from trigger_miss m
        where m.tenant_id = of_tenant and m.trigger_id = of_trigger
        order by m.minute desc, m.reason desc
        offset 2000
        limit 1;
        if found then
            delete from trigger_miss m
            where m.tenant_id = of_tenant
                and m.trigger_id = of_trigger
                and (m.minute, m.reason) <= (oldest.minute, oldest.reason);
        end if;
    end if;
end
$$;

-- Whether what comes is taken: off, never (nothing has come yet), ok, failing. As whoever asks. What a trigger leaves out
-- because its owner wants it to (a filter, networks, the times of a schedule) is no failure.
create function trigger_health(t weft.trigger) returns text
language sql stable
return (
    select
        case
            when t.state <> 'active' then 'off'
            when p.failing_since is not null or s.problem is not null then 'failing'
            when f.last_at > coalesce(r.created_at, '-infinity') then 'failing'
            when r.id is not null or p.polled_at is not null then 'ok'
            else 'never'
        end
    from (select 1) as one
    left join trigger_poll p on p.tenant_id = t.tenant_id and p.trigger_id = t.id
    left join trigger_schedule s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
    left join lateral (
        select w.id, w.created_at
        from workflow_run w
        where w.tenant_id = t.tenant_id and w.trigger_id = t.id
        order by w.id desc
        limit 1
    ) r on true
    left join lateral (
        select m.last_at
        from trigger_miss m
        where m.tenant_id = t.tenant_id and m.trigger_id = t.id
            and m.reason in (
                'signature', 'rate', 'inactive', 'input', 'body', 'body-limit', 'overload', 'depth', 'other'
            )
        order by m.minute desc, m.last_at desc
        limit 1
    ) f on true
);
