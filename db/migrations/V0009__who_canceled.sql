-- Who asked a run to stop, and why: with the job while it lives, with the run once it has ended as canceled.
--
-- The name is as it was then: people and tokens come and go, history does not change. Of a token, the person who made it.
set local search_path = weft;
set local role weft_owner;

alter table job
    add column canceled_by uuid,
    add column canceled_by_name text;
alter table workflow_run
    add column canceled_by uuid,
    add column canceled_by_name text,
    add column cancel_reason text;
