-- append :exec  one row  called by control/api with every change, in its transaction
insert into audit_event (
    tenant_id, actor_kind, actor_id, action, object_kind, object_id, detail, request_id, ip
)
values ($1::uuid, $2, $3::uuid, $4, $5, $6::uuid, $7::jsonb, $8::uuid, $9)
