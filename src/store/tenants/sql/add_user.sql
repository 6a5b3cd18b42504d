-- add_user :exec  one row  called by control/auth when a link is claimed
insert into app_user (id, email, name, password_hash)
values ($1::uuid, $2, $3, $4)
