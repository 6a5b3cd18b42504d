-- find_by_token :optional  uses trigger_token_hash_key  called by data/ingress for a token it has not seen lately
select
    t.tenant_id, t.id, t.workflow_id, t.name, t.config, t.sealed_secret, t.key_id, w.published_version_id,
    w.state = 'active' as is_workflow_active
from trigger t
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
where t.token_hash = $1::bytea
    and t.kind = $2
    and t.state = 'active'
