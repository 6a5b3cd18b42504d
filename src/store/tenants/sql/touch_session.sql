-- touch_session :exec  uses session_pkey  called by control/auth, at most once a minute per session
update session
set last_seen_at = clock_timestamp()
where tenant_id = $1::uuid
    and id = $2::uuid
