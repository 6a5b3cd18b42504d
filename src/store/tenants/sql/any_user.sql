-- any_user :one  reads one row of app_user  called at start and for /auth/status
select exists (select from app_user)
