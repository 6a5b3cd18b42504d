-- Deliveries by age alone: with the tenant in front, a plan made while the table was empty took this index for a look by key,
-- and read all deliveries of the tenant.
set local search_path = weft;
set local role weft_owner;

drop index trigger_event_received_idx;
create index trigger_event_received_idx on trigger_event (received_at);
