-- Triggers that are pages (data/ingress, forms.h): like a webhook they have an address, but no secret.
set local search_path = weft;
set local role weft_owner;

alter table trigger
drop constraint trigger_kind_check,
drop constraint trigger_address_check;
alter table trigger
add constraint trigger_kind_check check (kind in ('webhook', 'schedule', 'form')),
add constraint trigger_address_check check (
    (kind in ('webhook', 'form')) = (token_hash is not null and sealed_token is not null and key_id is not null)
);
