-- touch_token :exec  uses api_token_pkey  called by control/auth, at most once a minute per token
update api_token
set last_used_at = clock_timestamp()
where tenant_id = $1::uuid
    and id = $2::uuid
