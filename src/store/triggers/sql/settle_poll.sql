-- settle_poll :many  uses trigger_poll_pkey  called by data/poller in the transaction that takes an answer in
-- Answers the row if the claim still holds.
-- One that is inactive was asked for a sample: again while somebody listens.
-- `$5`: somebody was asked; `$11`: what went wrong then.
update trigger_poll p
set due_at = case
        when t.state = 'active' or s.listen_until > clock_timestamp()
            then clock_timestamp() + $4::bigint * interval '1 millisecond'
    end,
    lease_until = null,
    is_primed = p.is_primed or $6::boolean,
    cursor = coalesce($7::text, p.cursor),
    polled_at = case when $5::boolean then statement_timestamp() else p.polled_at end,
    event_at = case when $9::bigint + $8::bigint > 0 then statement_timestamp() else p.event_at end,
    last_run_id = coalesce($10::uuid, p.last_run_id),
    polls = p.polls + $5::boolean::int,
    fired = p.fired + $9::bigint,
    filtered = p.filtered + $8::bigint,
    failures = case when not $5::boolean then p.failures when $11::text is null then 0 else p.failures + 1 end,
    failing_since = case
        when not $5::boolean then p.failing_since
        when $11::text is not null then coalesce(p.failing_since, statement_timestamp())
    end,
    problem = case when $5::boolean then $11::text else p.problem end,
    checked_at = case
        when $5::boolean and $11::text is null then coalesce(p.checked_at, statement_timestamp())
        else p.checked_at
    end
from trigger t
left join trigger_sample s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
where t.tenant_id = p.tenant_id
    and t.id = p.trigger_id
    and p.tenant_id = $1::uuid
    and p.trigger_id = $2::uuid
    and p.epoch = $3::bigint
    and p.due_at is not null
returning p.trigger_id
