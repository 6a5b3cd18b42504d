-- revoke_token :optional  uses api_token_pkey  called by control/auth
update api_token
set revoked_at = clock_timestamp()
where tenant_id = current_tenant()
    and id = $1::uuid
    and ($2::uuid is null or created_by = $2::uuid)
    and revoked_at is null
returning id
