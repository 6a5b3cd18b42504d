#include "base/bytes.h"
#include "graphql/serve/detail/jwt.h"
#include "graphql/serve/serve.h"
#include "platform/crypto/crypto.h"
#include "platform/http/address.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace weft::graphql {

namespace {

constexpr std::string_view kSecretHeader = "x-hasura-admin-secret";
constexpr std::string_view kAccessKeyHeader = "x-hasura-access-key";  // its old name
constexpr std::string_view kRoleHeader = "x-hasura-role";
constexpr std::string_view kBackendHeader = "x-hasura-use-backend-only-permissions";
constexpr std::string_view kAllowedRoles = "x-hasura-allowed-roles";
constexpr std::string_view kDefaultRole = "x-hasura-default-role";
constexpr std::string_view kSecretNames = "x-hasura-admin-secret/x-hasura-access-key";
constexpr std::string_view kVariablePrefix = "x-hasura-";
constexpr std::string_view kCookie = "cookie";
constexpr const char* kUserVariable = "x-hasura-user-id";

using Names = std::map<std::string, std::string, std::less<>>;

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

bool is_variable(std::string_view name) {
    if (name.size() <= kVariablePrefix.size()) return false;
    return std::ranges::equal(name.substr(0, kVariablePrefix.size()), kVariablePrefix, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
    });
}

/// The x-hasura-* headers, names in lower case; on a socket also what was presented.
Names variables_of(const http::Fields& headers, const Presented& presented) {
    Names out;
    for (const auto& [name, value] : headers) {
        if (is_variable(name)) out.insert_or_assign(lower_case(name), value);
    }
    for (const auto& [name, value] : presented.hasura) out.insert_or_assign(name, value);
    return out;
}

std::string take(Names& from, std::string_view name) {
    const auto found = from.find(name);
    if (found == from.end()) return "";
    std::string out = std::move(found->second);
    from.erase(found);
    return out;
}

Outcome<bool> read_boolean(std::string_view text) {
    constexpr std::array<std::string_view, 4> kTrue{"true", "t", "yes", "y"};
    constexpr std::array<std::string_view, 4> kFalse{"false", "f", "no", "n"};
    const std::string value = lower_case(text);
    if (std::ranges::find(kTrue, value) != kTrue.end()) return true;
    if (std::ranges::find(kFalse, value) != kFalse.end()) return false;
    return failure(
        "bad-request",
        std::string(kBackendHeader) +
            ": Not a valid boolean text. True values are [\"true\",\"t\",\"yes\",\"y\"] and  False values "
            "are "
            "[\"false\",\"f\",\"no\",\"n\"]. All values are case insensitive"
    );
}

/// `roles` is a list of texts that has `wanted`.
Outcome<> check_role(const JsonObject& claims, std::string_view wanted) {
    const Json& roles = claims.at(kAllowedRoles);
    const bool is_list = roles.is_array() && std::ranges::all_of(roles.get_array(), &Json::is_string);
    if (!is_list) {
        return failure(
            "jwt-invalid-claims", "invalid " + std::string(kAllowedRoles) + "; should be a list of roles"
        );
    }
    const bool is_allowed =
        std::ranges::any_of(roles.get_array(), [&](const Json& role) { return role.get_string() == wanted; });
    if (!is_allowed) return failure("access-denied", "Your requested role is not in allowed roles");
    return {};
}

/// The value of one cookie, or "".
std::string_view cookie_of(std::string_view cookies, std::string_view name) {
    while (!cookies.empty()) {
        const auto end = std::min(cookies.find(';'), cookies.size());
        std::string_view pair = cookies.substr(0, end);
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
        while (pair.starts_with(' ')) pair.remove_prefix(1);
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
            return pair.substr(name.size() + 1);
        }
    }
    return "";
}

class HasuraAuth {
  public:
    HasuraAuth(HasuraAuthOptions options, std::unique_ptr<detail::JwtVerifier> jwt)
        : options_(std::move(options)), jwt_(std::move(jwt)) {}

    Outcome<Session> resolve(const http::Handshake& handshake, const Presented& presented) const;
    http::Holder holder(const Session& session, const http::Handshake& handshake) const;
    /// Null: nobody is counted.
    http::Turnstile* turnstile() const {
        return options_.admin_secret.empty() ? nullptr : options_.turnstile;
    }

  private:
    static Session as(std::string role, Names variables);
    Outcome<Session> trusted(Names variables) const;
    Outcome<Session> without_credential(Names variables) const;
    Outcome<Session> with_cookie(const http::Handshake& handshake, Names variables) const;
    Outcome<Session> with_token(std::string_view token, std::string wanted_role) const;

    const rt::Clock& clock() const { return options_.clock != nullptr ? *options_.clock : system_clock_; }

    HasuraAuthOptions options_;
    std::unique_ptr<detail::JwtVerifier> jwt_;
    rt::SystemClock system_clock_;
};

Session HasuraAuth::as(std::string role, Names variables) {
    Session out{.role = std::move(role), .variables = std::move(variables)};
    out.variables.insert_or_assign(std::string(kRoleHeader), out.role);
    return out;
}

Outcome<Session> HasuraAuth::trusted(Names variables) const {
    const auto backend = variables.find(kBackendHeader);
    Outcome<bool> uses_backend = false;
    if (backend != variables.end()) uses_backend = read_boolean(backend->second);
    if (!uses_backend) return std::unexpected(std::move(uses_backend).error());
    std::string role = take(variables, kRoleHeader);
    Session out = as(role.empty() ? "admin" : std::move(role), std::move(variables));
    out.is_trusted = true;
    out.uses_backend_permissions = *uses_backend;
    return out;
}

Outcome<Session> HasuraAuth::without_credential(Names variables) const {
    if (!options_.unauthorized_role.empty()) return as(options_.unauthorized_role, std::move(variables));
    if (jwt_ == nullptr)
        return failure("access-denied", std::string(kSecretNames) + " required, but not found");
    return failure(
        "invalid-headers", "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
    );
}

Outcome<Session> HasuraAuth::with_token(std::string_view token, std::string wanted_role) const {
    auto verified = jwt_->verify(token, clock().now());
    if (!verified) return std::unexpected(std::move(verified).error());
    auto claims = jwt_->hasura_claims(verified->all);
    if (!claims) return std::unexpected(std::move(claims).error());
    for (const auto claim : {kAllowedRoles, kDefaultRole}) {
        if (claims->contains(claim)) continue;
        return failure("jwt-missing-role-claims", "JWT claim does not contain " + std::string(claim));
    }
    if (!claims->at(kDefaultRole).is_string()) {
        return failure(
            "jwt-invalid-claims", "invalid " + std::string(kDefaultRole) + "; should be a single role name"
        );
    }
    std::string role = wanted_role.empty() ? std::string(claims->at(kDefaultRole).get_string()) : wanted_role;
    if (auto fine = check_role(*claims, role); !fine) return std::unexpected(std::move(fine).error());
    Names variables;
    for (const auto& claim : *claims) {
        if (claim.key() == kAllowedRoles || claim.key() == kDefaultRole) continue;
        if (!claim.value().is_string()) {
            return failure(
                "jwt-invalid-claims", "x-hasura-* claims: " + std::string(claim.key()) + " must be a text"
            );
        }
        variables.emplace(claim.key(), claim.value().get_string());
    }
    Session out = as(std::move(role), std::move(variables));
    out.expires_at = verified->expires_at;
    return out;
}

Outcome<Session> HasuraAuth::resolve(const http::Handshake& handshake, const Presented& presented) const {
    const bool is_by_cookie = jwt_ != nullptr && !jwt_->cookie().empty();
    Names variables = variables_of(handshake.headers(), is_by_cookie ? Presented{} : presented);
    std::string secret = take(variables, kSecretHeader);
    std::string access_key = take(variables, kAccessKeyHeader);
    if (secret.empty()) secret = std::move(access_key);
    if (options_.admin_secret.empty()) return trusted(std::move(variables));
    if (!secret.empty()) {
        if (equal_constant_time(secret, options_.admin_secret)) return trusted(std::move(variables));
        return failure("access-denied", "invalid " + std::string(kSecretNames));
    }
    if (jwt_ == nullptr) return without_credential(std::move(variables));
    if (is_by_cookie) return with_cookie(handshake, std::move(variables));
    std::optional<std::string_view> authorization = handshake.headers().find("authorization");
    if (presented.authorization) authorization = *presented.authorization;
    if (!authorization) return without_credential(std::move(variables));
    constexpr std::string_view kBearer = "Bearer ";
    const bool is_bearer = authorization->starts_with(kBearer) &&
                           authorization->find(' ', kBearer.size()) == std::string_view::npos;
    if (!is_bearer) return failure("invalid-headers", "Malformed Authorization header");
    return with_token(authorization->substr(kBearer.size()), take(variables, kRoleHeader));
}

/// A cookie comes by itself: it speaks for pages of ours only.
Outcome<Session> HasuraAuth::with_cookie(const http::Handshake& handshake, Names variables) const {
    const auto cookies = handshake.headers().find("cookie");
    if (!cookies) return without_credential(std::move(variables));
    const auto use = handshake.is_socket() ? http::Use::kSocket : http::Use::kChange;
    if (!http::may_carry_cookie(handshake.site(), use)) {
        return failure("access-denied", "a cookie counts only for pages of this server's own origin");
    }
    const std::string_view token = cookie_of(*cookies, jwt_->cookie());
    if (token.empty()) {
        return failure("invalid-headers", "Could not find " + jwt_->cookie() + " in Cookie header");
    }
    return with_token(token, take(variables, kRoleHeader));
}

/// Limits of streams hold for the person that a token names; of others, for where they come from. Those with
/// the secret have none of their own.
http::Holder HasuraAuth::holder(const Session& session, const http::Handshake& handshake) const {
    if (session.is_trusted) return {};
    const auto user = session.variables.find(kUserVariable);
    // Without tokens, variables are whatever the request says.
    const bool is_named = jwt_ != nullptr && session.role != options_.unauthorized_role;
    if (!is_named || user == session.variables.end()) return {.principal = handshake.client()};
    return {.principal = kUserVariable + (' ' + user->second)};
}

std::unexpected<Failure> over_rate(const http::Quota& quota) {
    return failure(std::string(kRateLimitExceeded), http::too_many(quota));
}

/// A hash of all that may be a credential, with the address: a secret, unlike a token, may be guessed, and
/// one that is good elsewhere must not be found by an address that guesses. Empty: nothing was offered.
std::string proof_of(const http::Handshake& handshake, const Presented& presented) {
    std::string offered;
    const auto add = [&offered](std::string_view text) {
        if (!text.empty()) offered.append(std::to_string(text.size())).append(":").append(text);
    };
    for (const auto name : {kSecretHeader, kAccessKeyHeader, std::string_view("authorization"), kCookie}) {
        add(handshake.headers().get(name));
    }
    add(presented.authorization.value_or(""));
    for (const auto& [name, value] : presented.hasura) {
        if (name == kSecretHeader || name == kAccessKeyHeader) add(value);
    }
    if (offered.empty()) return offered;
    add(http::address_key(handshake.client()));
    return crypto::sha256(offered);
}

Outcome<Identified> resolve(
    const HasuraAuth& auth, const http::Handshake& handshake, const Presented& presented
) {
    auto session = auth.resolve(handshake, presented);
    if (!session) return std::unexpected(std::move(session).error());
    Identified out{.session = std::move(*session)};
    out.holder = auth.holder(out.session, handshake);
    out.session.rate_key = out.holder.principal.empty() ? handshake.client() : out.holder.principal;
    return out;
}

rt::Task<Outcome<Identified>> enter(
    std::shared_ptr<const HasuraAuth> auth,
    std::shared_ptr<const http::Handshake> handshake,
    Presented presented,
    http::Look look
) {
    http::Turnstile* turnstile = look == http::Look::kEntry ? auth->turnstile() : nullptr;
    if (turnstile == nullptr) co_return resolve(*auth, *handshake, presented);
    std::string proof = proof_of(*handshake, presented);
    if (!proof.empty() && !turnstile->may_look(handshake->client(), proof)) {
        if (auto over = turnstile->count_stranger(handshake->client())) co_return over_rate(*over);
    }
    auto found = resolve(*auth, *handshake, presented);
    if (!found) {
        if (auto over = turnstile->count_stranger(handshake->client(), proof)) co_return over_rate(*over);
        co_return found;
    }
    const auto counted = turnstile->count({.principal = found->holder.principal, .tenant = ""}, proof);
    if (counted.over) co_return over_rate(*counted.over);
    co_return found;
}

}  // namespace

Result<Authenticate> make_hasura_auth(HasuraAuthOptions options) {
    std::unique_ptr<detail::JwtVerifier> jwt;
    const bool has_secret = !options.admin_secret.empty();
    if (!options.jwt_secret.empty()) {
        if (!has_secret) return fail(Error::invalid("a JWT secret needs an admin secret as well"));
        TRY(jwt, detail::JwtVerifier::make(options.jwt_secret));
    }
    if (!options.unauthorized_role.empty() && !has_secret) {
        return fail(Error::invalid("a role for unauthorized requests needs an admin secret as well"));
    }
    // Shared by the requests under way.
    auto auth = std::make_shared<const HasuraAuth>(std::move(options), std::move(jwt));
    return [auth = std::move(auth)](
               std::shared_ptr<const http::Handshake> handshake, Presented presented, http::Look look
           ) { return enter(auth, std::move(handshake), std::move(presented), look); };
}

}  // namespace weft::graphql
