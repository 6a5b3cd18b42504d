-- find_by_token :optional  uses trigger_token_hash_key, trigger_sample_pkey  called by data/ingress for a token it has not seen lately
select
    t.tenant_id, t.id, t.workflow_id, t.name, t.config, t.sealed_secret, t.key_id, w.published_version_id,
    w.state = 'active' as is_workflow_active, t.state = 'active' as is_active,
    coalesce(s.listen_until > statement_timestamp(), false) as is_listening
from trigger t
join workflow w on w.tenant_id = t.tenant_id and w.id = t.workflow_id
left join trigger_sample s on s.tenant_id = t.tenant_id and s.trigger_id = t.id
where t.token_hash = $1::bytea
    and t.kind = $2
    and (t.state = 'active' or s.listen_until > statement_timestamp())
