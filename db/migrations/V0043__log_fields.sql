-- What a run says beside the text of a log line: an object of fields, bounded by the worker that writes it.
set local search_path = weft;
set local role weft_owner;

alter table execution_log add column fields jsonb;
