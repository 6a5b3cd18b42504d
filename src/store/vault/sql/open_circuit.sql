-- open_circuit :optional  none when it is not closed (any more)  uses connection_pkey  called by the worker's broker
update connection
set circuit = 'open',
    circuit_until = clock_timestamp() + breaker_open_ms * interval '1 millisecond',
    circuit_opened_at = clock_timestamp(),
    circuit_opens = 1,
    circuit_reason = $2
where tenant_id = current_tenant()
    and id = $1::uuid
    and circuit = 'closed'
    and breaker_failures > 0
returning id
