-- A poll's runs are known in the inbox by their items. Another source's items are others, whatever their ids are.
set local search_path = weft;
set local role weft_owner;

alter table trigger_poll add column source bigint not null default 0; -- counts the changes to another one
