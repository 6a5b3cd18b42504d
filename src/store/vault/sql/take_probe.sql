-- take_probe :optional  none when it is not this call's turn  uses connection_pkey  called by the worker's broker
-- Whoever comes second waits for the row, and finds the time in the future then. A right that lapses goes to the next.
update connection
set circuit = 'half_open',
    circuit_until = clock_timestamp() + $2::bigint * interval '1 millisecond',
    circuit_probe = circuit_probe + 1
where tenant_id = current_tenant()
    and id = $1::uuid
    and circuit <> 'closed'
    and circuit_until <= clock_timestamp()
returning circuit_probe
