-- settle_probe :optional  none when the right was another's meanwhile  uses connection_pkey  called by the worker's broker
-- Each time that it fails it stays open for twice as long, up to ten minutes; a call that said nothing leaves its turn to the next.
update connection
set circuit = case when $3 = 'well' then 'closed' else 'open' end,
    circuit_until = case $3
        when 'well' then null
        when 'ill' then clock_timestamp() + least(breaker_open_ms * 2 ^ least(circuit_opens, 20), greatest(breaker_open_ms, 600000))
            * interval '1 millisecond'
        else clock_timestamp()
    end,
    circuit_opens = case $3 when 'well' then 0 when 'ill' then circuit_opens + 1 else circuit_opens end
where tenant_id = current_tenant()
    and id = $1::uuid
    and circuit = 'half_open'
    and circuit_probe = $2::bigint
returning id
