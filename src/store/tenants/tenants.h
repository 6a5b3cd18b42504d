#pragma once

#include "base/id.h"
#include "base/time.h"
#include "store/db/db.h"

#include <optional>
#include <string>
#include <vector>

/// People, tenants, and what they log in with. Credentials are looked up across tenants (role weft_auth) by
/// the SHA-256 of an opaque token; everything else runs as one tenant. Expiry is judged by the database's
/// clock.
namespace weft::store::tenants {

/// Who presented a credential. `role` is what holds now: a token never exceeds its creator's membership.
struct Identity {
    TenantId tenant_id;
    std::string tenant_slug;
    std::string tenant_name;
    UserId user_id;  // of a token: who made it
    std::string email;
    std::string user_name;
    std::string role;                                // of the membership: owner, admin, builder, viewer
    std::optional<SessionId> session_id;             // a session...
    std::optional<ApiTokenId> token_id;              // ...or a token
    std::string token_role;                          // of a token
    std::optional<std::vector<std::string>> scopes;  // of a token; absent: all of its role
    bool is_touch_due = false;                       // last use was recorded over a minute ago
    std::optional<Millis> expires_in;                // from now, by the database's clock
};

/// A live session (not expired, idle at most 12 h) of an enabled person, or nothing. One indexed look-up.
rt::Task<Result<std::optional<Identity>>> find_session(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
);
/// A live token whose creator is still an enabled member, or nothing.
rt::Task<Result<std::optional<Identity>>> find_token(pg::Pool& pool, std::string token_hash, rt::Deadline by);
/// Records the use; called at most once a minute per credential.
rt::Task<Result<void>> touch(pg::Pool& pool, Identity identity, rt::Deadline by);

/// Whether any person exists, that is, whether this installation has been claimed.
rt::Task<Result<bool>> any_user(pg::Pool& pool, rt::Deadline by);
/// Adds a claim link for 24 h unless a person exists; false then.
rt::Task<Result<bool>> add_claim_link(pg::Pool& pool, Uuid id, std::string token_hash, rt::Deadline by);

struct Owner {
    std::string claim_hash;
    TenantId tenant_id;
    std::string tenant_slug;
    std::string tenant_name;
    UserId user_id;
    std::string email;  // lower case
    std::string user_name;
    std::string password_hash;
};
/// The statements that use up all open claim links and make tenant, person, membership and the tenant's place
/// in the queue. As weft_auth. The batch fails with kConflict when the link is not valid (see
/// `is_bad_claim`), so that of two claims one wins.
void add_owner(pg::Batch& batch, const Owner& owner);
bool is_bad_claim(const Error& error);

struct Login {
    UserId user_id;
    std::string password_hash;
    std::string user_name;
    bool is_disabled = false;
    struct Membership {
        TenantId tenant_id;
        std::string slug;
        std::string name;
        std::string role;
    };
    std::vector<Membership> memberships;
};
rt::Task<Result<std::optional<Login>>> find_login(pg::Pool& pool, std::string email, rt::Deadline by);

struct NewSession {
    TenantId tenant_id;
    SessionId id;
    UserId user_id;
    std::string token_hash;
};
/// As the session's tenant. Lives 7 days at most. Deletes the person's expired ones.
void add_session(pg::Batch& batch, const NewSession& session);
void drop_session(pg::Batch& batch, TenantId tenant, SessionId id);

struct ApiToken {
    ApiTokenId id;
    std::string name;
    std::string role;
    std::optional<std::vector<std::string>> scopes;
    std::string hint;
    UserId created_by;
    Instant created_at;
    std::optional<Instant> last_used_at;
    Instant expires_at;
};
struct NewApiToken {
    TenantId tenant_id;
    ApiTokenId id;
    std::string name;
    std::string role;
    std::optional<std::vector<std::string>> scopes;
    std::string token_hash;
    std::string hint;
    UserId created_by;
    int expires_in_days = 90;
};
/// Live ones; of one person when `created_by` is set.
rt::Task<Result<Page<ApiToken>>> list_tokens(
    Db db, std::optional<UserId> created_by, PageRequest page, rt::Deadline by
);
rt::Task<Result<ApiToken>> add_token(Db db, NewApiToken token, rt::Deadline by);
/// kNotFound when there is no such live token (of that person, when `created_by` is set).
rt::Task<Result<void>> revoke_token(Db db, std::optional<UserId> created_by, ApiTokenId id, rt::Deadline by);

}  // namespace weft::store::tenants
