-- find_by_token :optional  uses trigger_token_hash_key  called by data/ingress for a token it has not seen lately
select tenant_id, id, workflow_id, name, config, sealed_secret, key_id
from trigger
where token_hash = $1::bytea
    and state = 'active'
