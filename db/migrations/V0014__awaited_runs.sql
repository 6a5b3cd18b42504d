-- Whether a caller waits for the run's answer: the worker then tells it along with the run's end, and nobody has to ask.
set local search_path = weft;
set local role weft_owner;

alter table job add column is_awaited boolean not null default false;
