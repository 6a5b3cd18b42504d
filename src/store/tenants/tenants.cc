#include "store/tenants/tenants.h"

#include "base/json.h"
#include "store/tenants/queries.h"

namespace weft::store::tenants {

namespace {

pg::Principal auth() {
    return pg::Principal::system(pg::SystemRole::kAuth);
}

constexpr auto kPerson = pg::columns(
    pg::column<&Identity::tenant_id>("tenant_id"),
    pg::column<&Identity::tenant_slug>("tenant_slug"),
    pg::column<&Identity::tenant_name>("tenant_name"),
    pg::column<&Identity::user_id>("user_id"),
    pg::column<&Identity::email>("email"),
    pg::column<&Identity::user_name>("user_name"),
    pg::column<&Identity::role>("role"),
    pg::column<&Identity::is_touch_due>("is_touch_due"),
    pg::column<&Identity::expires_in>("expires_in_ms")
);
constexpr auto kBySession = kPerson + pg::columns(pg::column<&Identity::session_id>("session_id"));
constexpr auto kByToken = kPerson + pg::columns(
                                        pg::column<&Identity::token_id>("token_id"),
                                        pg::column<&Identity::token_role>("token_role"),
                                        pg::column<&Identity::scopes>("scopes")
                                    );
constexpr auto kToken = pg::columns(
    pg::column<&ApiToken::id>("id"),
    pg::column<&ApiToken::name>("name"),
    pg::column<&ApiToken::role>("role"),
    pg::column<&ApiToken::scopes>("scopes"),
    pg::column<&ApiToken::hint>("hint"),
    pg::column<&ApiToken::created_by>("created_by"),
    pg::column<&ApiToken::created_at>("created_at"),
    pg::column<&ApiToken::last_used_at>("last_used_at"),
    pg::column<&ApiToken::expires_at>("expires_at")
);

/// A person and one of their memberships, if there is one.
struct LoginRow {
    Login login;
    std::optional<TenantId> tenant_id;
    Login::Membership membership;
};
constexpr auto kLogin = pg::columns(
    pg::column<&Login::user_id>("user_id"),
    pg::column<&Login::password_hash>("password_hash"),
    pg::column<&Login::user_name>("user_name"),
    pg::column<&Login::is_disabled>("is_disabled")
);
constexpr auto kMembership = pg::columns(
    pg::column_or_default<&Login::Membership::slug>("slug"),
    pg::column_or_default<&Login::Membership::name>("tenant_name"),
    pg::column_or_default<&Login::Membership::role>("role")
);
constexpr auto kLoginRow = pg::nested<LoginRow, &LoginRow::login, kLogin>() +
                           pg::nested<LoginRow, &LoginRow::membership, kMembership>() +
                           pg::columns(pg::column<&LoginRow::tenant_id>("tenant_id"));

}  // namespace

rt::Task<Result<std::optional<Identity>>> find_session(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    auto params = pg::params(pg::Bytes{token_hash});
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindSession, std::move(params), by));
    co_return pg::first(rows, kBySession);
}

rt::Task<Result<std::optional<Identity>>> find_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    auto params = pg::params(pg::Bytes{token_hash});
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindToken, std::move(params), by));
    co_return pg::first(rows, kByToken);
}

rt::Task<Result<void>> touch(pg::Pool& pool, Identity identity, rt::Deadline by) {
    const auto credential = identity.session_id ? identity.session_id->uuid() : identity.token_id->uuid();
    auto params = pg::params(identity.tenant_id, credential);
    pg::Query query = identity.session_id ? sql::kTouchSession : sql::kTouchToken;
    CO_CHECK_OK(co_await pool.query(auth(), query, std::move(params), by));
    co_return Result<void>();
}

rt::Task<Result<bool>> any_user(pg::Pool& pool, rt::Deadline by) {
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kAnyUser, pg::Params(), by));
    co_return pg::value<bool>(rows, "exists");
}

rt::Task<Result<bool>> add_claim_link(pg::Pool& pool, Uuid id, std::string token_hash, rt::Deadline by) {
    auto params = pg::params(id, pg::Bytes{token_hash});
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kAddClaimLink, std::move(params), by));
    co_return !rows.empty();
}

void add_owner(pg::Batch& batch, const Owner& owner) {
    batch.as(auth());
    auto link =
        pg::params(pg::Bytes{owner.claim_hash}, owner.tenant_id, owner.tenant_slug, owner.tenant_name);
    batch.add(sql::kUseClaimLink, std::move(link));
    auto user = pg::params(owner.user_id, owner.email, owner.user_name, owner.password_hash);
    batch.add(sql::kAddUser, std::move(user));
    auto membership = pg::params(owner.tenant_id, owner.user_id, "owner");
    batch.add(sql::kAddMembership, std::move(membership));
    auto queue = pg::params(owner.tenant_id);
    batch.add(sql::kAddTenantQueue, std::move(queue));
}

bool is_bad_claim(const Error& error) {
    return violates(error, "membership_tenant_id_fkey");
}

rt::Task<Result<std::optional<Login>>> find_login(pg::Pool& pool, std::string email, rt::Deadline by) {
    auto params = pg::params(email);
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindLogin, std::move(params), by));
    CO_TRY(auto found, pg::all(rows, kLoginRow));
    if (found.empty()) co_return std::nullopt;
    Login login = std::move(found.front().login);
    for (LoginRow& row : found) {
        if (!row.tenant_id) continue;
        row.membership.tenant_id = *row.tenant_id;
        login.memberships.push_back(std::move(row.membership));
    }
    co_return std::optional<Login>(std::move(login));
}

void add_session(pg::Batch& batch, const NewSession& session) {
    batch.as(pg::Principal::tenant(session.tenant_id));
    auto drop = pg::params(session.tenant_id, session.user_id);
    batch.add(sql::kDropOldSessions, std::move(drop));
    auto add = pg::params(session.tenant_id, session.id, session.user_id, pg::Bytes{session.token_hash});
    batch.add(sql::kAddSession, std::move(add));
}

void drop_session(pg::Batch& batch, TenantId tenant, SessionId id) {
    batch.as(pg::Principal::tenant(tenant));
    auto params = pg::params(id);
    batch.add(sql::kDropSession, std::move(params));
}

rt::Task<Result<Page<ApiToken>>> list_tokens(
    Db db, std::optional<UserId> created_by, PageRequest page, rt::Deadline by
) {
    auto params = pg::params(page.after, fetch_limit(page), created_by);
    CO_TRY(auto rows, co_await db.query(sql::kListTokens, std::move(params), by));
    co_return page_of(rows, kToken, page);
}

rt::Task<Result<ApiToken>> add_token(Db db, NewApiToken token, rt::Deadline by) {
    const auto scopes = token.scopes.transform([](const auto& texts) { return pg::array(texts); });
    auto params = pg::params(
        token.tenant_id,
        token.id,
        token.name,
        token.role,
        scopes,
        pg::Bytes{token.token_hash},
        token.hint,
        token.created_by,
        token.expires_in_days
    );
    auto rows = co_await db.query(sql::kAddToken, std::move(params), by);
    co_return one(rows, kToken, "Token not found");
}

rt::Task<Result<void>> revoke_token(Db db, std::optional<UserId> created_by, ApiTokenId id, rt::Deadline by) {
    auto params = pg::params(id, created_by);
    CO_TRY(auto rows, co_await db.query(sql::kRevokeToken, std::move(params), by));
    co_return expect_row(rows, "Token not found");
}

}  // namespace weft::store::tenants
