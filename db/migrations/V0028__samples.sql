-- The newest event of a trigger that somebody who builds its workflow asked to see (store/triggers/samples.h).
set local search_path = weft;
set local role weft_owner;

create table trigger_sample (
    tenant_id uuid not null,
    trigger_id uuid not null,
    listen_until timestamptz, -- null: nobody waits for one
    problem text check (length(problem) <= 4000), -- why the last wait ended without one
    captured_at timestamptz,
    size_bytes int,
    codec smallint,
    key_id uuid,
    data bytea check (length(data) <= 8392704), -- a run's value, and what sealing adds
    primary key (tenant_id, trigger_id),
    foreign key (tenant_id, trigger_id) references trigger (tenant_id, id) on delete cascade,
    check (num_nulls(captured_at, size_bytes, codec, key_id, data) in (0, 5))
);
create index trigger_sample_by_age_idx on trigger_sample (captured_at) where captured_at is not null;
call protect('trigger_sample');
