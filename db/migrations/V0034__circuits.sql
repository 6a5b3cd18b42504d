-- The circuit of a connection (docs/adr/0044): open while the other system is away, so that no call goes out; half open while
-- one call tries. On the connection's row, because that is what each worker has read already when a call begins.
set local search_path = weft;
set local role weft_owner;

alter table connection
add column breaker_failures int not null default 10 check (breaker_failures between 0 and 1000), -- 0: never opens
add column breaker_within_ms bigint not null default 60000 check (breaker_within_ms between 1000 and 3600000),
add column breaker_open_ms bigint not null default 30000 check (breaker_open_ms between 1000 and 3600000),
add column circuit text not null default 'closed' check (circuit in ('closed', 'open', 'half_open')),
add column circuit_until timestamptz, -- open: from when on a call may try; half_open: until when the one that tries has the right to
add column circuit_opened_at timestamptz, -- the last time
add column circuit_opens int not null default 0, -- in a row
add column circuit_probe bigint not null default 0, -- number of the last call that tried: others' words count nothing
add column circuit_reason text, -- why it opened the last time
add constraint connection_circuit_until_check check ((circuit = 'closed') = (circuit_until is null));
