-- drop_old_sessions :exec  the session that a login replaces and the person's dead ones  called before add_session
delete from session
where tenant_id = $1::uuid
    and user_id = $2::uuid
    and (
        token_hash = $3::bytea
        or expires_at <= clock_timestamp()
        or last_seen_at <= clock_timestamp() - interval '12 hours'
    )
