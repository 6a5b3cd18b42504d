-- What people wrote keeps its order and the text of its numbers: an author's columns, a form's fields, a price of 19.90.
-- jsonb sorts members and says 1e2 as 100; json is the text. What was stored before has lost its order already.

set local search_path = weft;
set local role weft_owner;

alter table app_version alter column manifest type json using manifest::text::json;
alter table action alter column definition type json using definition::text::json;
alter table workflow_draft alter column definition type json using definition::text::json;
alter table workflow_version
alter column definition type json using definition::text::json,
alter column compiled type json using compiled::text::json;
alter table trigger alter column config type json using config::text::json;
