#include "store/tenants/tenants.h"

#include "base/json.h"
#include "store/tenants/queries.h"

namespace weft::store::tenants {

namespace {

pg::Principal auth() {
    return pg::Principal::system(pg::SystemRole::kAuth);
}

std::optional<std::vector<std::string>> read_scopes(const pg::Rows& rows, int row, int column) {
    if (rows.is_null(row, column)) return std::nullopt;
    std::vector<std::string> scopes;
    auto parsed = parse_json(rows.text(row, column));
    if (!parsed || !parsed->is_array()) return scopes;
    for (const Json& scope : parsed->get_array()) {
        if (scope.is_string()) scopes.emplace_back(scope.get_string());
    }
    return scopes;
}

/// The columns that find_session and find_token share.
Identity read_identity(const pg::Rows& rows) {
    return Identity{
        .tenant_id = rows.id<TenantId>(0, 0),
        .tenant_slug = std::string(rows.text(0, 1)),
        .tenant_name = std::string(rows.text(0, 2)),
        .user_id = rows.id<UserId>(0, 3),
        .email = std::string(rows.text(0, 4)),
        .user_name = std::string(rows.text(0, 5)),
        .role = std::string(rows.text(0, 6)),
        .session_id = std::nullopt,
        .token_id = std::nullopt,
        .token_role = "",
        .scopes = std::nullopt,
        .is_touch_due = false,
        .expires_in = std::nullopt,
    };
}

ApiToken read_token(const pg::Rows& rows, int row) {
    return ApiToken{
        .id = rows.id<ApiTokenId>(row, 0),
        .name = std::string(rows.text(row, 1)),
        .role = std::string(rows.text(row, 2)),
        .scopes = read_scopes(rows, row, 3),
        .hint = std::string(rows.text(row, 4)),
        .created_by = rows.id<UserId>(row, 5),
        .created_at = rows.instant(row, 6),
        .last_used_at = rows.maybe_instant(row, 7),
        .expires_at = rows.instant(row, 8),
    };
}

}  // namespace

rt::Task<Result<std::optional<Identity>>> find_session(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    pg::Params params;
    params.add_bytes(token_hash);
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindSession, std::move(params), by));
    if (rows.empty()) co_return std::nullopt;
    Identity identity = read_identity(rows);
    identity.session_id = rows.id<SessionId>(0, 7);
    identity.is_touch_due = rows.boolean(0, 8);
    identity.expires_in = Millis(rows.integer(0, 9));
    co_return std::optional<Identity>(std::move(identity));
}

rt::Task<Result<std::optional<Identity>>> find_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    pg::Params params;
    params.add_bytes(token_hash);
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindToken, std::move(params), by));
    if (rows.empty()) co_return std::nullopt;
    Identity identity = read_identity(rows);
    identity.token_id = rows.id<ApiTokenId>(0, 7);
    identity.token_role = rows.text(0, 8);
    identity.scopes = read_scopes(rows, 0, 9);
    identity.is_touch_due = rows.boolean(0, 10);
    identity.expires_in = Millis(rows.integer(0, 11));
    co_return std::optional<Identity>(std::move(identity));
}

rt::Task<Result<void>> touch(pg::Pool& pool, Identity identity, rt::Deadline by) {
    pg::Params params;
    params.add(identity.tenant_id);
    if (identity.session_id) {
        params.add(*identity.session_id);
    } else {
        params.add(identity.token_id);
    }
    pg::Query query = identity.session_id ? sql::kTouchSession : sql::kTouchToken;
    CO_CHECK_OK(co_await pool.query(auth(), query, std::move(params), by));
    co_return Result<void>();
}

rt::Task<Result<bool>> any_user(pg::Pool& pool, rt::Deadline by) {
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kAnyUser, pg::Params(), by));
    co_return rows.boolean(0, 0);
}

rt::Task<Result<bool>> add_claim_link(pg::Pool& pool, Uuid id, std::string token_hash, rt::Deadline by) {
    pg::Params params;
    params.add(id).add_bytes(token_hash);
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kAddClaimLink, std::move(params), by));
    co_return !rows.empty();
}

void add_owner(pg::Batch& batch, const Owner& owner) {
    batch.as(auth());
    pg::Params link;
    link.add_bytes(owner.claim_hash).add(owner.tenant_id).add(owner.tenant_slug).add(owner.tenant_name);
    batch.add(sql::kUseClaimLink, std::move(link));
    pg::Params user;
    user.add(owner.user_id).add(owner.email).add(owner.user_name).add(owner.password_hash);
    batch.add(sql::kAddUser, std::move(user));
    pg::Params membership;
    membership.add(owner.tenant_id).add(owner.user_id).add("owner");
    batch.add(sql::kAddMembership, std::move(membership));
    pg::Params queue;
    queue.add(owner.tenant_id);
    batch.add(sql::kAddTenantQueue, std::move(queue));
}

bool is_bad_claim(const Error& error) {
    return violates(error, "membership_tenant_id_fkey");
}

rt::Task<Result<std::optional<Login>>> find_login(pg::Pool& pool, std::string email, rt::Deadline by) {
    pg::Params params;
    params.add(email);
    CO_TRY(auto rows, co_await pool.query(auth(), sql::kFindLogin, std::move(params), by));
    if (rows.empty()) co_return std::nullopt;
    Login login{
        .user_id = rows.id<UserId>(0, 0),
        .password_hash = std::string(rows.text(0, 1)),
        .user_name = std::string(rows.text(0, 2)),
        .is_disabled = rows.boolean(0, 3),
        .memberships = {},
    };
    for (int row = 0; row < rows.size(); ++row) {
        if (rows.is_null(row, 4)) continue;
        login.memberships.push_back({
            .tenant_id = rows.id<TenantId>(row, 4),
            .slug = std::string(rows.text(row, 5)),
            .name = std::string(rows.text(row, 6)),
            .role = std::string(rows.text(row, 7)),
        });
    }
    co_return std::optional<Login>(std::move(login));
}

void add_session(pg::Batch& batch, const NewSession& session) {
    batch.as(pg::Principal::tenant(session.tenant_id));
    pg::Params drop;
    drop.add(session.tenant_id).add(session.user_id);
    batch.add(sql::kDropOldSessions, std::move(drop));
    pg::Params add;
    add.add(session.tenant_id).add(session.id).add(session.user_id).add_bytes(session.token_hash);
    batch.add(sql::kAddSession, std::move(add));
}

void drop_session(pg::Batch& batch, TenantId tenant, SessionId id) {
    batch.as(pg::Principal::tenant(tenant));
    pg::Params params;
    params.add(id);
    batch.add(sql::kDropSession, std::move(params));
}

rt::Task<Result<Page<ApiToken>>> list_tokens(
    Db db, std::optional<UserId> created_by, PageRequest page, rt::Deadline by
) {
    pg::Params params;
    params.add(page.after).add(fetch_limit(page)).add(created_by);
    CO_TRY(auto rows, co_await db.query(sql::kListTokens, std::move(params), by));
    std::vector<ApiToken> tokens;
    for (int row = 0; row < rows.size(); ++row) tokens.push_back(read_token(rows, row));
    co_return cut_page(std::move(tokens), page, [](const ApiToken& token) { return token.id.uuid(); });
}

rt::Task<Result<ApiToken>> add_token(Db db, NewApiToken token, rt::Deadline by) {
    pg::Params params;
    params.add(token.tenant_id).add(token.id).add(token.name).add(token.role);
    if (token.scopes) {
        pg::ArrayParam scopes;
        for (const std::string& scope : *token.scopes) scopes.add(scope);
        params.add(scopes.text());
    } else {
        params.add_null();
    }
    params.add_bytes(token.token_hash).add(token.hint).add(token.created_by).add(token.expires_in_days);
    CO_TRY(auto rows, co_await db.query(sql::kAddToken, std::move(params), by));
    co_return read_token(rows, 0);
}

rt::Task<Result<void>> revoke_token(Db db, std::optional<UserId> created_by, ApiTokenId id, rt::Deadline by) {
    pg::Params params;
    params.add(id).add(created_by);
    CO_TRY(auto rows, co_await db.query(sql::kRevokeToken, std::move(params), by));
    co_return expect_row(rows, "Token not found");
}

}  // namespace weft::store::tenants
