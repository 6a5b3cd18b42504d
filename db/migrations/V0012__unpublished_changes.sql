-- Whether the draft differs from what runs is computed when asked, from what both are: the SHA-256 of the draft's text, and that of
-- the draft which the last publish took.
set local search_path = weft;
set local role weft_owner;

-- For this transaction the owner may see every tenant's rows.
alter table workflow no force row level security;
alter table workflow_draft no force row level security;
alter table workflow_version no force row level security;

alter table workflow_draft add column content_hash bytea;
update workflow_draft set content_hash = sha256(convert_to(definition::text, 'UTF8'));
alter table workflow_draft alter column content_hash set not null;

alter table workflow add column published_hash bytea;
update workflow w
set published_hash = sha256(convert_to(v.definition::text, 'UTF8'))
from workflow_version v
where v.tenant_id = w.tenant_id
    and v.id = w.published_version_id;

alter table workflow force row level security;
alter table workflow_draft force row level security;
alter table workflow_version force row level security;

-- As whoever asks: row security tells which draft may be looked at.
create function has_unpublished_changes(flow workflow) returns boolean
language sql stable
return exists (
    select
    from workflow_draft d
    where d.tenant_id = flow.tenant_id
        and d.workflow_id = flow.id
        and d.content_hash is distinct from flow.published_hash
);
