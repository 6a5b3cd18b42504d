-- A tenant's workflows share its turns (store/queue claim): the oldest due jobs of each of them.
set local search_path = weft;
set local role weft_owner;

create index job_ready_workflow_idx on job (tenant_id, workflow_id, run_at, run_id) where state = 'ready';
