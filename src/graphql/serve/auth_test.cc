#include "base/bytes.h"
#include "graphql/serve/serve.h"
#include "platform/rt/loop.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <chrono>

namespace weft::graphql {

namespace {

constexpr std::string_view kSecret = "a secret of at least thirty-two bytes, and then some more of them";

std::int64_t now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch(
                                                            ))
        .count();
}

std::string hmac(const EVP_MD* digest, std::string_view text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    HMAC(
        digest,
        kSecret.data(),
        static_cast<int>(kSecret.size()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size(),
        out,
        &length
    );
    return {reinterpret_cast<const char*>(out), length};
}

std::string unsigned_token(std::string_view algorithm, const JsonObject& claims) {
    const JsonObject header{{"alg", algorithm}, {"typ", "JWT"}};
    return base64url(to_text(header)) + "." + base64url(to_text(claims));
}

std::string token(const JsonObject& claims) {
    const std::string text = unsigned_token("HS256", claims);
    return text + "." + base64url(hmac(EVP_sha256(), text));
}

JsonObject claims(JsonObject hasura = {}, std::int64_t lives = 60) {
    if (!hasura.contains("x-hasura-default-role")) hasura["x-hasura-default-role"] = "user";
    if (!hasura.contains("x-hasura-allowed-roles"))
        hasura["x-hasura-allowed-roles"] = JsonArray{"user", "editor"};
    return {{"exp", now() + lives}, {"https://hasura.io/jwt/claims", std::move(hasura)}};
}

class Auth : public ::testing::Test {
  protected:
    Outcome<Session> ask(http::Fields headers) { return ask_with(std::move(headers), {}); }
    /// On a socket, when something was presented.
    Outcome<Session> ask_with(http::Fields headers, Presented presented, bool is_socket = false) {
        http::Request head;
        head.client = client_;
        if (is_socket) headers.add("upgrade", "websocket");
        headers.add("host", "weft.test");
        head.headers = std::move(headers);
        auto handshake = std::make_shared<const http::Handshake>(http::SiteRule(), head);
        auto asker = loop_.run_until_done(auth_(std::move(handshake), std::move(presented), look_));
        if (!asker) return std::unexpected(std::move(asker).error());
        principal_ = asker->holder.principal;
        return std::move(asker->session);
    }
    std::string refusal(http::Fields headers) {
        auto session = ask(std::move(headers));
        return session ? "role " + session->role : session.error().code + ": " + session.error().message;
    }
    std::string with_token(const std::string& text, std::string_view role = "") {
        http::Fields headers{{"authorization", "Bearer " + text}};
        if (!role.empty()) headers.add("x-hasura-role", std::string(role));
        return refusal(std::move(headers));
    }
    void use(HasuraAuthOptions options) { auth_ = make_hasura_auth(std::move(options)).value(); }
    void use_jwt(JsonObject more = {}) {
        JsonObject secret{{"type", "HS256"}, {"key", kSecret}};
        for (const auto& [key, value] : more) secret[key] = value;
        use({.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = to_text(secret)});
    }

    rt::Loop loop_;
    Authenticate auth_;
    std::string principal_;
    std::string client_ = "192.0.2.1";
    http::Look look_ = http::Look::kEntry;
};

/// With ten mistakes for an address and five requests for a caller, which don't come back by themselves.
class CountedAuth : public Auth {
  protected:
    void start(JsonObject jwt = {}, http::Turnstile* turnstile = nullptr) {
        HasuraAuthOptions options{.admin_secret = "hush", .unauthorized_role = "anyone", .jwt_secret = ""};
        if (!jwt.empty()) options.jwt_secret = to_text(jwt);
        options.turnstile = turnstile;
        use(std::move(options));
    }
    /// How many of 30 are answered `start`.
    int count(std::string_view start, const http::Fields& headers) {
        int out = 0;
        for (int i = 0; i < 30; ++i) out += refusal(headers).starts_with(start) ? 1 : 0;
        return out;
    }

    rt::ManualClock clock_{rt::SystemClock().now()};
    SystemRng rng_;
    http::Strangers strangers_{clock_, rng_, {.per_second = 1, .burst = 10}};
    http::Turnstile turnstile_{
        clock_, rng_, &strangers_, {.principal = {.per_second = 1, .burst = 5}, .tenant = {}}
    };
    const http::Fields wrong_{{"x-hasura-admin-secret", "guess"}};
    const http::Fields right_{{"x-hasura-admin-secret", "hush"}};
};

TEST_F(CountedAuth, AWrongSecretIsTriedTenTimesFromAnAddress) {
    start({}, &turnstile_);
    EXPECT_EQ(count("access-denied", wrong_), 10);
    EXPECT_EQ(
        refusal(wrong_),
        "rate-limit-exceeded: Too many requests of this address without a valid "
        "credential; slow down"
    );
    EXPECT_TRUE(refusal(right_).starts_with("rate-limit-exceeded"))
        << "a guess that is right is not looked at";
    client_ = "192.0.2.2";
    EXPECT_EQ(refusal(right_), "role admin") << "another address";
    client_ = "192.0.2.1";
    EXPECT_TRUE(refusal(right_).starts_with("rate-limit-exceeded")) << "which helps the guesser nothing";
    clock_.advance(1s);
    EXPECT_EQ(refusal(right_), "role admin");
}

TEST_F(CountedAuth, WithoutATurnstileGuessingGoesOn) {  // the control of the test above
    start();
    EXPECT_EQ(count("access-denied", wrong_), 30);
    EXPECT_EQ(refusal(right_), "role admin");
}

TEST_F(CountedAuth, WhoWasKnownToBeGoodIsNotHeldBackByAGuesserBesideThem) {
    start({}, &turnstile_);
    EXPECT_EQ(refusal(right_), "role admin");
    EXPECT_EQ(count("access-denied", wrong_), 10);
    EXPECT_EQ(count("role admin", right_), 30) << "the administrator has no rate";
}

TEST_F(CountedAuth, APersonAndAnAddressOfStrangersHaveARateEach) {
    start({{"type", "HS256"}, {"key", kSecret}}, &turnstile_);
    const auto as = [](std::string_view user) {
        return http::Fields{{"authorization", "Bearer " + token(claims({{"x-hasura-user-id", user}}))}};
    };
    const http::Fields one = as("1");
    EXPECT_EQ(count("role user", one), 5);
    EXPECT_EQ(count("role user", as("2")), 5);
    EXPECT_EQ(count("role anyone", {}), 5);
    client_ = "192.0.2.2";
    EXPECT_EQ(count("role anyone", {}), 5) << "another address";
    EXPECT_EQ(count("role user", one), 0) << "the same person";
    look_ = http::Look::kRenewal;
    EXPECT_EQ(count("role user", one), 30) << "a stream that is open is looked at all the same";
    EXPECT_EQ(count("access-denied", wrong_), 30);
}

TEST_F(Auth, WithoutASecretEveryoneIsAdmin) {
    use({});
    auto session = ask({});
    ASSERT_TRUE(session);
    EXPECT_EQ(session->role, "admin");
    EXPECT_TRUE(session->is_trusted);
    session = ask({{"X-Hasura-Role", "user"}, {"X-Hasura-User-Id", "7"}});
    ASSERT_TRUE(session);
    EXPECT_EQ(session->role, "user");
    EXPECT_EQ(session->variables.at("x-hasura-user-id"), "7");
    EXPECT_EQ(session->variables.at("x-hasura-role"), "user");
}

TEST_F(Auth, TheSecretIsAsked) {
    use({.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = ""});
    EXPECT_EQ(
        refusal({}), "access-denied: x-hasura-admin-secret/x-hasura-access-key required, but not found"
    );
    EXPECT_EQ(
        refusal({{"x-hasura-admin-secret", "hus"}}),
        "access-denied: invalid x-hasura-admin-secret/x-hasura-access-key"
    );
    EXPECT_EQ(refusal({{"X-Hasura-Admin-Secret", "hush"}}), "role admin");
    EXPECT_EQ(refusal({{"x-hasura-access-key", "hush"}, {"x-hasura-role", "user"}}), "role user");
    auto session = ask({{"x-hasura-admin-secret", "hush"}});
    EXPECT_FALSE(session->variables.contains("x-hasura-admin-secret")) << "no filter may compare with it";
}

TEST_F(Auth, BackendPermissionsAreForTheTrusted) {
    use({.admin_secret = "hush", .unauthorized_role = "anonymous", .jwt_secret = ""});
    const http::Fields::Pair backend{"x-hasura-use-backend-only-permissions", "true"};
    EXPECT_TRUE(ask({{"x-hasura-admin-secret", "hush"}, backend})->uses_backend_permissions);
    EXPECT_FALSE(ask({{"x-hasura-admin-secret", "hush"}})->uses_backend_permissions);
    EXPECT_FALSE(ask({backend})->uses_backend_permissions);
    auto wrong = ask({{"x-hasura-admin-secret", "hush"}, {backend.first, "perhaps"}});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, "bad-request");
}

TEST_F(Auth, TheUnauthorizedRoleCannotBeLeft) {
    use({.admin_secret = "hush", .unauthorized_role = "anonymous", .jwt_secret = ""});
    EXPECT_EQ(refusal({}), "role anonymous");
    EXPECT_EQ(refusal({{"x-hasura-role", "admin"}}), "role anonymous");
    EXPECT_FALSE(ask({})->is_trusted);
}

TEST_F(Auth, TakesWhatAGoodTokenSays) {
    use_jwt();
    auto session = ask({{"authorization", "Bearer " + token(claims({{"X-Hasura-User-Id", "7"}}))}});
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ(session->role, "user");
    EXPECT_EQ(session->variables.at("x-hasura-user-id"), "7");
    EXPECT_FALSE(session->variables.contains("x-hasura-allowed-roles"));
    EXPECT_FALSE(session->is_trusted);
    ASSERT_TRUE(session->expires_at);
    EXPECT_NEAR(
        std::chrono::duration<double>(session->expires_at->time_since_epoch()).count(),
        static_cast<double>(now() + 60),
        2
    );
}

TEST_F(Auth, ATokensRoleIsOneOfItsOwn) {
    use_jwt();
    EXPECT_EQ(with_token(token(claims()), "editor"), "role editor");
    EXPECT_EQ(
        with_token(token(claims()), "admin"), "access-denied: Your requested role is not in allowed roles"
    );
    // Variables come from the token alone.
    auto session = ask({{"authorization", "Bearer " + token(claims())}, {"x-hasura-user-id", "8"}});
    EXPECT_FALSE(session->variables.contains("x-hasura-user-id"));
}

TEST_F(Auth, WithoutATokenOrSecret) {
    use_jwt();
    EXPECT_EQ(
        refusal({}), "invalid-headers: Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
    );
    EXPECT_EQ(refusal({{"authorization", "Basic x"}}), "invalid-headers: Malformed Authorization header");
    EXPECT_EQ(refusal({{"authorization", "Bearer a b"}}), "invalid-headers: Malformed Authorization header");
    EXPECT_EQ(refusal({{"x-hasura-admin-secret", "hush"}}), "role admin");
}

TEST_F(Auth, ABadSignatureIsRefused) {
    use_jwt();
    std::string changed = token(claims());
    changed[changed.size() - 5] = changed[changed.size() - 5] == 'A' ? 'B' : 'A';
    EXPECT_EQ(with_token(changed), "invalid-jwt: Could not verify JWT: JWSError JWSInvalidSignature");
    const std::string none = unsigned_token("none", claims()) + ".";
    EXPECT_EQ(with_token(none), "invalid-jwt: Could not verify JWT: JWSError JWSInvalidSignature");
    const std::string other = unsigned_token("HS512", claims());
    EXPECT_EQ(
        with_token(other + "." + base64url(hmac(EVP_sha512(), other))),
        "invalid-jwt: Could not verify JWT: JWSError JWSInvalidSignature"
    ) << "the configuration says which algorithm, not the token";
    EXPECT_TRUE(with_token("x.y").contains("Expected 3 parts; got 2"));
}

TEST_F(Auth, TimesAreKept) {
    use_jwt();
    EXPECT_EQ(with_token(token(claims({}, -1))), "invalid-jwt: Could not verify JWT: JWTExpired");
    JsonObject early = claims();
    early["nbf"] = now() + 60;
    EXPECT_EQ(with_token(token(early)), "invalid-jwt: Could not verify JWT: JWTNotYetValid");
    use_jwt({{"allowed_skew", 120}});
    EXPECT_EQ(with_token(token(claims({}, -1))), "role user");
    EXPECT_EQ(with_token(token(early)), "role user");
}

TEST_F(Auth, AudienceAndIssuerAreKept) {
    use_jwt({{"audience", JsonArray{"weft", "loom"}}, {"issuer", "https://id.example"}});
    JsonObject right = claims();
    right["aud"] = JsonArray{"other", "loom"};
    right["iss"] = "https://id.example";
    EXPECT_EQ(with_token(token(right)), "role user");
    JsonObject other = right;
    other["aud"] = "other";
    EXPECT_EQ(with_token(token(other)), "invalid-jwt: Could not verify JWT: JWTNotInAudience");
    other = right;
    other.erase("aud");
    EXPECT_EQ(with_token(token(other)), "invalid-jwt: Could not verify JWT: JWTNotInAudience");
    other = right;
    other["iss"] = "https://other.example";
    EXPECT_EQ(with_token(token(other)), "invalid-jwt: Could not verify JWT: JWTNotInIssuer");
}

TEST_F(Auth, SaysWhichClaimIsMissing) {
    use_jwt();
    EXPECT_EQ(
        with_token(token({{"exp", now() + 9}})),
        "jwt-invalid-claims: claims key: 'https://hasura.io/jwt/claims' not found"
    );
    JsonObject one = claims();
    one["https://hasura.io/jwt/claims"].get_object().erase("x-hasura-default-role");
    EXPECT_EQ(
        with_token(token(one)), "jwt-missing-role-claims: JWT claim does not contain x-hasura-default-role"
    );
    EXPECT_EQ(
        with_token(token(claims({{"x-hasura-allowed-roles", "user"}}))),
        "jwt-invalid-claims: invalid x-hasura-allowed-roles; should be a list of roles"
    );
    EXPECT_TRUE(with_token(token(claims({{"x-hasura-n", 1}}))).starts_with("jwt-invalid-claims: "));
}

TEST_F(Auth, FindsTheClaimsWhereTheyAre) {
    const JsonObject hasura{{"x-hasura-default-role", "user"}, {"x-hasura-allowed-roles", JsonArray{"user"}}};
    use_jwt({{"claims_namespace", "mine"}});
    EXPECT_EQ(with_token(token({{"mine", hasura}})), "role user");
    use_jwt({{"claims_namespace_path", "$.a['b c']"}});
    EXPECT_EQ(with_token(token({{"a", JsonObject{{"b c", hasura}}}})), "role user");
    EXPECT_EQ(
        with_token(token({{"a", 1}})),
        "jwt-invalid-claims: claims not found at claims_namespace_path: '$.a['b c']'"
    );
    use_jwt({{"claims_format", "stringified_json"}});
    EXPECT_EQ(with_token(token({{"https://hasura.io/jwt/claims", to_text(hasura)}})), "role user");
    EXPECT_EQ(
        with_token(token(claims())),
        "jwt-invalid-claims: expecting a string when claims_format is stringified_json"
    );
}

TEST_F(Auth, ATokenMayComeInACookie) {
    use_jwt({{"header", JsonObject{{"type", "Cookie"}, {"name", "jwt"}}}});
    EXPECT_EQ(refusal({{"cookie", "a=b; jwt=" + token(claims()) + "; c=d"}}), "role user");
    EXPECT_EQ(refusal({{"cookie", "a=b"}}), "invalid-headers: Could not find jwt in Cookie header");
}

TEST_F(Auth, ACookieSpeaksOnlyForPagesOfOurOwn) {
    use_jwt({{"header", JsonObject{{"type", "Cookie"}, {"name", "jwt"}}}});
    const std::string cookie = "jwt=" + token(claims());
    const auto role_of = [&](const char* origin, Presented presented) {
        auto session = ask_with({{"cookie", cookie}, {"origin", origin}}, std::move(presented), true);
        return session ? session->role : session.error().code;
    };
    EXPECT_EQ(role_of("http://weft.test", {}), "user");
    EXPECT_EQ(role_of("http://weft.test:81", {}), "access-denied");
    EXPECT_EQ(role_of("http://weft.test:81", {.hasura = {{"x-hasura-role", "editor"}}}), "access-denied");
    EXPECT_EQ(role_of("http://weft.test", {.hasura = {{"x-hasura-role", "editor"}}}), "user")
        << "session variables beside a cookie come from the handshake alone";
}

TEST_F(Auth, ASocketMayPresentASecretOrAToken) {
    use_jwt();
    EXPECT_EQ(ask_with({}, {.authorization = "Bearer " + token(claims())}, true)->role, "user");
    const Presented editor{
        .authorization = "Bearer " + token(claims()), .hasura = {{"x-hasura-role", "editor"}}
    };
    EXPECT_EQ(ask_with({}, editor, true)->role, "editor");
    EXPECT_FALSE(ask_with({}, {}, true)) << "control";
}

TEST(AuthOptions, RefusesWhatIsWeakOrUnknown) {
    const auto refusal = [](HasuraAuthOptions options) {
        auto made = make_hasura_auth(std::move(options));
        return made ? std::string("fine") : made.error().user;
    };
    EXPECT_TRUE(refusal({.unauthorized_role = "x"}).contains("admin secret"));
    EXPECT_TRUE(refusal({.jwt_secret = "{}"}).contains("admin secret"));
    EXPECT_TRUE(
        refusal({.admin_secret = "s", .jwt_secret = R"({"type":"HS256","key":"short"})"}).contains("32")
    );
    EXPECT_TRUE(refusal({.admin_secret = "s", .jwt_secret = R"({"type":"XX","key":"k"})"}).contains("XX"));
    EXPECT_TRUE(
        refusal({.admin_secret = "s", .jwt_secret = R"({"type":"RS256","key":"no key"})"}).contains("RS256")
    );
}

// ---- public keys: made here, used by the signer below

struct Pair {
    EVP_PKEY* key = nullptr;
    ~Pair() { EVP_PKEY_free(key); }
    std::string pem() const {
        BIO* bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PUBKEY(bio, key);
        char* text = nullptr;
        const auto length = BIO_get_mem_data(bio, &text);
        std::string out(text, static_cast<std::size_t>(length));
        BIO_free(bio);
        return out;
    }
    std::string sign(const EVP_MD* digest, std::string_view text) const {
        EVP_MD_CTX* context = EVP_MD_CTX_new();
        EVP_DigestSignInit(context, nullptr, digest, nullptr, key);
        std::string out(1024, '\0');
        std::size_t length = out.size();
        const auto* from = reinterpret_cast<const unsigned char*>(text.data());
        EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &length, from, text.size());
        EVP_MD_CTX_free(context);
        out.resize(length);
        return out;
    }
};

/// DER to r and s side by side.
std::string raw_signature(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(64, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), bytes + 32, 32);
    ECDSA_SIG_free(parts);
    return out;
}

class PublicKeys : public Auth {
  protected:
    void check(std::string_view type, const Pair& pair, const EVP_MD* digest) {
        const JsonObject secret{{"type", type}, {"key", pair.pem()}};
        use({.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = to_text(secret)});
        const std::string text = unsigned_token(type, claims());
        std::string signature = pair.sign(digest, text);
        if (type == "ES256") signature = raw_signature(signature);
        EXPECT_EQ(with_token(text + "." + base64url(signature)), "role user") << type;
        signature[10] = static_cast<char>(signature[10] ^ 1);
        EXPECT_TRUE(with_token(text + "." + base64url(signature)).contains("JWSInvalidSignature")) << type;
        // The public key as an HMAC secret: the classic confusion.
        const std::string confused = unsigned_token("HS256", claims());
        EXPECT_TRUE(with_token(confused + "." + base64url("x")).contains("JWSInvalidSignature")) << type;
    }
};

TEST_F(PublicKeys, Rsa) {
    const Pair pair{EVP_RSA_gen(2048)};
    check("RS256", pair, EVP_sha256());
    check("RS384", pair, EVP_sha384());
    check("RS512", pair, EVP_sha512());
}

TEST_F(PublicKeys, EllipticCurves) {
    check("ES256", Pair{EVP_EC_gen("P-256")}, EVP_sha256());
    check("EdDSA", Pair{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}, nullptr);
}

}  // namespace
}  // namespace weft::graphql
