-- find_wait :optional  uses run_wait_token_hash_key  called by data/ingress for each request to a callback's address
select
    w.tenant_id, w.run_id, w.step_id, w.iteration, w.kind, w.state, w.deadline_at <= clock_timestamp() as is_late,
    coalesce(w.policy, '{}') as policy, w.token_hash
from run_wait w
where w.token_hash = $1::bytea
