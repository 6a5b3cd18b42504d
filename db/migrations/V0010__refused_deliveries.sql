-- What a trigger did not take, for its owner: kinds of refusals with a count, a few for each trigger (store/triggers).
-- Nothing of what was sent is kept, and of the sender its network only.
set local search_path = weft;
set local role weft_owner;

create table refused_delivery (
    tenant_id uuid not null,
    trigger_id uuid not null,
    reason text not null,
    status int not null,
    content_type text not null check (length(content_type) <= 100),
    address text not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    deliveries bigint not null check (deliveries > 0),
    size_bytes bigint not null,
    primary key (tenant_id, trigger_id, reason, status, content_type, address),
    foreign key (tenant_id, trigger_id) references trigger (tenant_id, id) on delete cascade
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
call protect('refused_delivery');
