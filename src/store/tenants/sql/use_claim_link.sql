-- use_claim_link :exec  makes the tenant when the link is valid, else no row, and the next statements fail on their
-- foreign keys. All open links end together: the second of two claims finds none left.  called by control/auth
with used as (
    update claim_link
    set used_at = clock_timestamp()
    where used_at is null
        and exists (
            select
            from claim_link valid
            where valid.token_hash = $1::bytea
                and valid.used_at is null
                and valid.expires_at > clock_timestamp()
        )
    returning token_hash
)

insert into tenant (id, slug, name)
select $2::uuid, $3, $4
from used
where token_hash = $1::bytea
