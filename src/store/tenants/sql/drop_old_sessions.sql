-- drop_old_sessions :exec  the person's dead ones  called before add_session
delete from session
where tenant_id = $1::uuid
    and user_id = $2::uuid
    and (
        expires_at <= clock_timestamp()
        or last_seen_at <= clock_timestamp() - interval '12 hours'
    )
