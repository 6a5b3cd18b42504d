#include "control/server/detail/test_api.h"

namespace weft::control {
namespace {

using testing::Caller;
using testing::Reply;
using testing::TestApi;

JsonObject claim_body(const std::string& token, std::string_view email = "Ada@Example.com") {
    return JsonObject{
        {"token", token},
        {"email", email},
        {"name", "Ada"},
        {"password", "correct horse battery"},
        {"tenant_name", "Acme & Söhne"},
    };
}

JsonObject login_body(std::string_view password = "correct horse battery") {
    return JsonObject{{"email", "ada@example.com"}, {"password", password}};
}

/// The session that an answer sets, as a caller.
Caller session_of(const Reply& reply) {
    Caller caller;
    const std::string_view header = reply.headers.get("set-cookie");
    const auto from = header.find('=') + 1;
    caller.cookie = header.substr(from, header.find(';') - from);
    return caller;
}

TEST(Claim, MakesTenantOwnerAndKeysOnce) {
    TestApi api;
    EXPECT_FALSE(api.get(TestApi::nobody(), "/auth/status").body.at("claimed").get_bool());
    const std::string token = api.claim_token();
    const Reply made = api.post(TestApi::nobody(), "/auth/claim", claim_body(token));
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(made.body.at("user").at("email"), "ada@example.com");
    EXPECT_EQ(made.body.at("tenant").at("slug"), "acme-s-hne");
    EXPECT_EQ(made.text("role"), "owner");
    const std::string cookie(made.headers.get("set-cookie"));
    EXPECT_TRUE(cookie.starts_with("__Host-weft_session=weft_")) << cookie;
    for (const char* part : {"HttpOnly", "SameSite=Lax", "Path=/"})
        EXPECT_NE(cookie.find(part), std::string::npos);
    const Reply status = api.get(session_of(made), "/auth/status");
    EXPECT_EQ(status.text("role"), "owner");
    EXPECT_EQ(status.body.at("permissions").get_array().size(), 24u);
    EXPECT_EQ(
        api.db.scalar("select string_agg(class, ',' order by class) from weft.tenant_key"), "data,ingress"
    );
    EXPECT_EQ(api.db.scalar("select count(*) from weft.tenant_queue"), "1");
    EXPECT_EQ(api.db.scalar("select action from weft.audit_event"), "tenant.claim");
    // Nothing that lets one in is stored as it is.
    EXPECT_TRUE(api.db.scalar("select password_hash from weft.app_user").starts_with("$argon2id$"));
    EXPECT_EQ(api.db.scalar("select octet_length(token_hash) from weft.session"), "32");
    // Second use, and a new link: no more.
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/claim", claim_body(token, "eve@example.com")).status, 409);
    auto again = api.run(api.api->ensure_claim_link(api.soon()));
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->has_value());
}

TEST(Claim, OfTwoAtOnceOneWins) {
    TestApi api;
    const std::string one = api.claim_token();
    const std::string two = api.claim_token();  // two open links: a restart before anybody claimed
    std::vector<int> statuses;
    rt::Scope scope(api.loop);
    const auto claim = [&](std::string token, std::string email) -> rt::Task<void> {
        auto response =
            co_await api.request({}, http::Method::kPost, "/api/v1/auth/claim", claim_body(token, email));
        statuses.push_back(response ? response->status : 0);
    };
    scope.spawn(claim(one, "a@example.com"));
    scope.spawn(claim(one, "b@example.com"));
    scope.spawn(claim(two, "c@example.com"));
    scope.spawn(claim(two, "d@example.com"));
    api.run(scope.join());
    EXPECT_EQ(std::ranges::count(statuses, 201), 1);
    EXPECT_EQ(statuses.size(), 4u);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.app_user"), "1");
    EXPECT_EQ(api.db.scalar("select count(*) from weft.tenant"), "1");
}

TEST(Claim, RefusesAWrongAnExpiredLinkAndAWeakPassword) {
    TestApi api;
    const std::string token = api.claim_token();
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/claim", claim_body("weft_wrong")).status, 401);
    JsonObject weak = claim_body(token);
    weak["password"] = "Password123";
    const Reply refused = api.post(TestApi::nobody(), "/auth/claim", weak);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.text("field"), "password");
    weak["password"] = "short";
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/claim", weak).text("field"), "password");
    api.db.exec("update weft.claim_link set expires_at = now() - interval '1 second'");
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/claim", claim_body(token)).status, 401);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.app_user"), "0");
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/claim", claim_body(api.claim_token())).status, 201);
}

class Sessions : public ::testing::Test {
  protected:
    Sessions() {
        owner = session_of(api.post(TestApi::nobody(), "/auth/claim", claim_body(api.claim_token())));
    }
    Reply log_in(const Caller& caller, std::string_view password = "correct horse battery") {
        return api.post(caller, "/auth/login", login_body(password));
    }
    TestApi api;
    Caller owner;
};

TEST_F(Sessions, LoginRotatesAndLogoutEnds) {
    const Reply first = log_in(TestApi::nobody());
    ASSERT_EQ(first.status, 200);
    const Caller one = session_of(first);
    EXPECT_NE(one.cookie, owner.cookie);
    EXPECT_EQ(api.get(one, "/apps").status, 200);
    const Caller two = session_of(log_in(one));
    EXPECT_EQ(api.get(two, "/apps").status, 200);
    EXPECT_EQ(api.get(one, "/apps").status, 401) << "a login replaces the session it came with";
    const Reply out = api.post(two, "/auth/logout");
    EXPECT_EQ(out.status, 204);
    EXPECT_NE(out.headers.get("set-cookie").find("Max-Age=0"), std::string_view::npos);
    EXPECT_EQ(api.get(two, "/apps").status, 401);
    EXPECT_EQ(api.get(owner, "/apps").status, 200) << "other sessions go on";
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/logout").status, 204);
    EXPECT_EQ(api.db.scalar("select count(*) from weft.audit_event where action = 'session.delete'"), "1");
}

TEST_F(Sessions, EndAfterTwelveIdleHoursAndSevenDays) {
    api.db.exec("update weft.session set last_seen_at = now() - interval '11 hours 59 minutes'");
    EXPECT_EQ(api.get(owner, "/apps").status, 200);
    EXPECT_EQ(api.db.scalar("select last_seen_at > now() - interval '1 minute' from weft.session"), "t");
    api.db.exec("update weft.session set last_seen_at = now() - interval '12 hours 1 second'");
    EXPECT_EQ(api.get(owner, "/apps").status, 401);
    api.db.exec("update weft.session set last_seen_at = now()");
    EXPECT_EQ(api.get(owner, "/apps").status, 200);
    api.db.exec("update weft.session set expires_at = now() - interval '1 second'");
    EXPECT_EQ(api.get(owner, "/apps").status, 401);
    const std::string limit = "select max(expires_at) <= now() + interval '7 days' from weft.session";
    log_in(TestApi::nobody());
    EXPECT_EQ(api.db.scalar(limit), "t");
}

TEST_F(Sessions, WrongPasswordAndUnknownPersonLookTheSame) {
    const Reply wrong = log_in(TestApi::nobody(), "wrong password");
    JsonObject unknown = login_body();
    unknown["email"] = "nobody@example.com";
    const Reply absent = api.post(TestApi::nobody(), "/auth/login", unknown);
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(absent.status, 401);
    EXPECT_EQ(wrong.text("detail"), absent.text("detail"));
    EXPECT_FALSE(absent.headers.find("set-cookie"));
    api.db.exec("update weft.app_user set disabled_at = now()");
    EXPECT_EQ(log_in(TestApi::nobody()).text("detail"), wrong.text("detail"));
}

TEST_F(Sessions, FiveAttemptsAMinutePerAccountAndAddress) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(TestApi::nobody(), "wrong password").status, 401);
    EXPECT_EQ(log_in(TestApi::nobody()).status, 429) << "the right one is not tried either";
    Caller elsewhere;
    elsewhere.extra.add("x-forwarded-for", "203.0.113.7");
    EXPECT_EQ(log_in(elsewhere).status, 429) << "a stranger's header does not make another address";
    JsonObject other = login_body();
    other["email"] = "other@example.com";
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/login", other).status, 401);
    api.clock.advance(61s);
    EXPECT_EQ(log_in(TestApi::nobody()).status, 200);
}

TEST_F(Sessions, OfSeveralTenantsOneIsNamed) {
    const auto second = api.make_tenant("Second");
    api.db.exec(
        "insert into weft.membership (tenant_id, user_id, role) select '" + second.text() +
        "', id, 'viewer' from weft.app_user where email = 'ada@example.com'"
    );
    const Reply choice = log_in(TestApi::nobody());
    EXPECT_EQ(choice.status, 409);
    ASSERT_EQ(choice.body.at("tenants").get_array().size(), 2u);
    JsonObject named = login_body();
    named["tenant"] = api.db.scalar("select slug from weft.tenant where id = $1", {second.text()});
    const Reply in = api.post(TestApi::nobody(), "/auth/login", named);
    EXPECT_EQ(in.status, 200);
    EXPECT_EQ(in.text("role"), "viewer");
    named["tenant"] = "not-mine";
    EXPECT_EQ(api.post(TestApi::nobody(), "/auth/login", named).status, 401);
}

TEST_F(Sessions, ACookieFromAnotherSiteIsRefused) {
    const JsonObject app{{"key", "shop"}, {"name", "Shop"}};
    EXPECT_EQ(api.post(owner.with("x-weft-csrf", "0"), "/apps", app).status, 403);
    EXPECT_EQ(api.post(owner.with("sec-fetch-site", "cross-site"), "/apps", app).status, 403);
    EXPECT_EQ(api.post(owner.with("sec-fetch-site", "same-site"), "/apps", app).status, 403);
    EXPECT_EQ(api.post(owner.with("origin", "https://evil.example"), "/apps", app).status, 403);
    EXPECT_EQ(api.post(owner.with("origin", "null"), "/apps", app).status, 403);
    EXPECT_EQ(
        api.post(Caller().with("origin", "https://evil.example"), "/auth/login", login_body()).status, 403
    );
    EXPECT_EQ(api.db.scalar("select count(*) from weft.app"), "0");
    // Negative control: the same from our own page, and by token from anywhere.
    const Caller home = owner.with("sec-fetch-site", "same-origin").with("origin", "http://weft.test");
    EXPECT_EQ(api.post(home, "/apps", app).status, 201);
    const Reply made = api.post(home, "/tokens", JsonObject{{"name", "ci"}, {"role", "owner"}});
    Caller token;
    token.token = made.text("token");
    const JsonObject other{{"key", "other"}, {"name", "Other"}};
    EXPECT_EQ(api.post(token.with("origin", "https://ci.example"), "/apps", other).status, 201);
    // Reads by cookie are for our own pages and for people as well.
    EXPECT_EQ(api.get(owner.with("sec-fetch-site", "cross-site"), "/apps").status, 403);
    EXPECT_EQ(api.get(owner.with("sec-fetch-site", "none"), "/apps").status, 200);
    EXPECT_EQ(api.get(home, "/apps").status, 200);
}

TEST(Cookies, AreSecureAndOfThisHostUnlessThereIsNoTlsAnywhere) {
    const auto cookies = [](bool has_plain_cookies) {
        ApiOptions options = TestApi::without_rates();
        options.has_plain_cookies = has_plain_cookies;
        TestApi api(std::move(options));
        const Reply made = api.post(TestApi::nobody(), "/auth/claim", claim_body(api.claim_token()));
        std::vector<std::string> out;
        for (const auto& [name, value] : made.headers) {
            if (name == "set-cookie") out.push_back(value);
        }
        return out;
    };
    const auto secure = cookies(false);
    ASSERT_EQ(secure.size(), 2u);
    EXPECT_TRUE(secure[0].starts_with("__Host-weft_session=")) << secure[0];
    EXPECT_TRUE(secure[1].starts_with("__Host-weft_device=")) << secure[1];
    for (const std::string& cookie : secure) EXPECT_TRUE(cookie.ends_with("; Secure")) << cookie;
    const auto plain = cookies(true);
    ASSERT_EQ(plain.size(), 2u);
    EXPECT_TRUE(plain[0].starts_with("weft_session=")) << plain[0];
    EXPECT_EQ(plain[0].find("Secure"), std::string::npos);
}

TEST_F(Sessions, OthersGuessesDoNotLockOutABrowserThatHasLoggedIn) {
    const Reply in = log_in(TestApi::nobody());
    std::string device;
    for (const auto& [name, value] : in.headers) {
        if (value.starts_with("__Host-weft_device=")) device = value.substr(0, value.find(';'));
    }
    for (int i = 0; i < 20; ++i) log_in(TestApi::nobody(), "wrong password");
    EXPECT_EQ(log_in(TestApi::nobody()).status, 429) << "the control: a browser that we do not know";
    EXPECT_EQ(log_in(TestApi::nobody().with("cookie", device)).status, 200);
}

TEST_F(Sessions, ALimitOfLoginsSaysWhenToComeBack) {
    for (int i = 0; i < 5; ++i) log_in(TestApi::nobody(), "wrong password");
    const Reply refused = log_in(TestApi::nobody());
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.get("retry-after"), "12");
    EXPECT_EQ(refused.headers.get("ratelimit-policy"), "\"login\";q=5;w=60");
    EXPECT_EQ(refused.text("type"), "urn:weft:problem:quota-exceeded");
}

TEST_F(Sessions, AMalformedCredentialIsRefusedNotIgnored) {
    EXPECT_EQ(api.get(owner.with("authorization", "Basic dXNlcjpwYXNz"), "/apps").status, 401);
    EXPECT_EQ(api.get(owner.with("authorization", "Bearer "), "/apps").status, 401);
    Caller twice;
    twice.token = "weft_x";
    EXPECT_EQ(api.get(twice.with("authorization", "Bearer weft_y"), "/apps").status, 401);
    // A session's secret is no token, nor the other way round.
    Caller swapped;
    swapped.token = owner.cookie;
    EXPECT_EQ(api.get(swapped, "/apps").status, 401);
}

}  // namespace
}  // namespace weft::control
