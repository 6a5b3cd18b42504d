#include "core/connector/connector.h"

#include "base/bytes.h"
#include "core/connector/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace weft::connector {
namespace {

Json json(std::string_view text) {
    return parse_json(text).value();
}

App app(std::string_view auth = R"({"kind":"none"})", std::string_view base = "https://api.example.com/v2") {
    Json manifest = {{"base_url", base}, {"auth", json(auth)}};
    auto parsed = parse_app(manifest);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().user);
    return *parsed;
}
Action action(
    std::string_view text = R"({"key":"get-order","method":"GET","path":"/orders/{{ input.id }}"})"
) {
    auto parsed = parse_action(json(text));
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().field + ": " + parsed.error().user);
    return *parsed;
}
template <class T>
std::string field(const Result<T>& result) {
    return result ? "accepted" : result.error().field;
}
std::string header(const HttpRequest& request, std::string_view name) {
    for (const Header& h : request.headers)
        if (h.name == name) return h.value;
    return "";
}
std::map<std::string, Secret> fields(std::initializer_list<std::pair<const char*, const char*>> list) {
    std::map<std::string, Secret> out;
    for (auto [name, value] : list) out.emplace(name, Secret(std::string(value)));
    return out;
}

// ---------------------------------------------------------------- apps

TEST(App, NormalisesItsBaseUrl) {
    App parsed = app(R"({"kind":"none"})", "HTTPS://API.Example.com:443/v2/");
    EXPECT_EQ(parsed.base_url, "https://api.example.com/v2");
    EXPECT_EQ(parsed.origin, (Origin{"https", "api.example.com", 443}));
    EXPECT_EQ(app(R"({"kind":"none"})", "http://127.0.0.1:8080").base_url, "http://127.0.0.1:8080");
    EXPECT_EQ(app(R"({"kind":"none"})", "http://[::1]:80/").base_url, "http://[::1]");
    EXPECT_EQ(to_json(*parse_app(to_json(parsed))), to_json(parsed));
}

TEST(App, RefusesBadManifestsNamingTheField) {
    auto base = [](std::string_view url) {
        Json manifest = {{"base_url", url}, {"auth", json(R"({"kind":"none"})")}};
        return field(parse_app(manifest));
    };
    for (std::string_view url :
         {"",
          "api.example.com",
          "ftp://a.b",
          "file:///etc",
          "https://u:p@a.b",
          "https://a.b/?x=1",
          "https://a.b/#x",
          "https://a.b/x/../y",
          "https://a.b/%2e%2e/y",
          "https://a.b/%252e%252e/y",
          "https://a.b/x/..;/y",
          "https://a b/",
          "https://",
          "https://a.b:0/",
          "https://a.b:99999",
          "https://a.b/%0d%0aX: y",
          "https://a.b//c/..%2Fd"})
        EXPECT_EQ(base(url), "base_url") << url;
    auto auth = [](std::string_view text) {
        Json manifest = {{"base_url", "https://a.b"}, {"auth", json(text)}};
        return field(parse_app(manifest));
    };
    EXPECT_EQ(auth("{}"), "auth.kind");
    EXPECT_EQ(auth(R"({"kind":"oauth9"})"), "auth.kind");
    EXPECT_EQ(auth(R"({"kind":"api_key"})"), "auth.name");
    EXPECT_EQ(auth(R"({"kind":"api_key","name":"Host"})"), "auth.name");
    EXPECT_EQ(auth(R"({"kind":"api_key","name":"X-Key","in":"cookie"})"), "auth.in");
    EXPECT_EQ(auth(R"({"kind":"api_key","name":"X-Key","prefix":"a\nb"})"), "auth.prefix");
    EXPECT_EQ(auth(R"({"kind":"headers","headers":{}})"), "auth.headers");
    EXPECT_EQ(auth(R"({"kind":"headers","headers":{"X-A":"Bad Name"}})"), "auth.headers.X-A");
    EXPECT_EQ(auth(R"({"kind":"headers","headers":{"X-A":"a","x-a":"b"}})"), "auth.headers.x-a");
    EXPECT_EQ(auth(R"({"kind":"bearer","token":"oops"})"), "auth.token");
    EXPECT_EQ(field(parse_app(json(R"({"base_url":"https://a.b"})"))), "auth");
    EXPECT_EQ(
        field(parse_app(json(R"({"base_url":"https://a.b","auth":{"kind":"none"},"baseurl":1})"))), "baseurl"
    );
}

TEST(App, OfAMailboxIsAHostAndAName) {
    const App mailbox = app(R"({"kind":"basic"})", "IMAPS://Mail.Example.com:993/");
    EXPECT_EQ(mailbox.base_url, "imaps://mail.example.com");
    EXPECT_EQ(protocol_of(mailbox), Protocol::kImap);
    EXPECT_EQ(app(R"({"kind":"basic"})", "imap://mail.example.com:1143").origin.port, 1143);
    EXPECT_EQ(protocol_of(app(R"({"kind":"basic"})", "https://a.b")), Protocol::kHttp);
    const auto wrong = [](std::string_view url, std::string_view auth) {
        return field(parse_app(Json{{"base_url", url}, {"auth", json(auth)}}));
    };
    EXPECT_EQ(wrong("imaps://mail.example.com", R"({"kind":"bearer"})"), "auth");
    EXPECT_EQ(wrong("imaps://mail.example.com/INBOX", R"({"kind":"basic"})"), "base_url");
    EXPECT_EQ(wrong("postgres://db.example.com", R"({"kind":"basic"})"), "base_url");
    EXPECT_EQ(wrong("imaps://u:p@mail.example.com", R"({"kind":"basic"})"), "base_url");
    // Steps do not speak to it.
    EXPECT_EQ(field(build_http_request(json(R"({"url":"imaps://mail.example.com/"})"), &mailbox)), "url");
    EXPECT_EQ(field(build_http_request(json(R"({"url":"https://mail.example.com/"})"), &mailbox)), "url");
}

TEST(App, SaysWhichConnectionFieldsItNeeds) {
    EXPECT_TRUE(connection_fields(app().auth).empty());
    EXPECT_EQ(
        connection_fields(app(R"({"kind":"bearer"})").auth),
        (std::vector<ConnectionField>{{"token", "Token", true}})
    );
    auto basic = connection_fields(app(R"({"kind":"basic"})").auth);
    ASSERT_EQ(basic.size(), 2u);
    EXPECT_FALSE(basic[0].is_secret);
    EXPECT_TRUE(basic[1].is_secret);
    auto headers = connection_fields(app(R"({"kind":"headers","headers":{"X-A":"id","X-B":"id"}})").auth);
    EXPECT_EQ(headers, (std::vector<ConnectionField>{{"id", "X-A", true}}));
}

TEST(App, ConnectionFieldsAreCheckedWithoutEchoingThem) {
    Auth basic = app(R"({"kind":"basic"})").auth;
    auto parsed = parse_connection_fields(basic, json(R"({"username":"ann","password":"s3cret"})"));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->at("password").reveal(), "s3cret");
    for (std::string_view text :
         {R"({"username":"ann"})",
          R"({"username":"ann","password":"hush\r\n"})",
          R"({"username":"ann","password":7})"}) {
        auto bad = parse_connection_fields(basic, json(text));
        EXPECT_EQ(field(bad), "fields.password") << text;
        EXPECT_EQ(bad.error().user.find("hush"), std::string::npos);
    }
    EXPECT_EQ(
        field(parse_connection_fields(basic, json(R"({"username":"a:b","password":"x"})"))), "fields.username"
    );
    EXPECT_EQ(
        field(parse_connection_fields(basic, json(R"({"username":"a","password":"x","otp":"1"})"))),
        "fields.otp"
    );
}

TEST(Version, IsThreeNumbers) {
    EXPECT_EQ(parse_version("2.10.0")->text(), "2.10.0");
    EXPECT_LT(*parse_version("2.9.9"), *parse_version("2.10.0"));
    for (std::string_view text :
         {"", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.-3", "1..3", "1.2.3 ", "1.2.100000"})
        EXPECT_FALSE(parse_version(text)) << text;
}

TEST(Key, IsLowerCase) {
    EXPECT_TRUE(check_key("get-order", "key"));
    for (std::string_view key : {"", "Get", "1a", "a_b", "a/b", "-a"})
        EXPECT_FALSE(check_key(key, "key")) << key;
}

// ---------------------------------------------------------------- actions

TEST(Action, RoundTripsInNormalForm) {
    Action parsed =
        action(R"({"key":"create","method":"POST","path":"/orders","query":{"dry":"{{ input.dry }}"},
        "headers":{"X-Trace":"abc"},"body":{"id":"{{ input.id }}"},"input":{"type":"object"},"effect":"keyed",
        "idempotency_header":"X-Once","retry":{"attempts":5},"timeout":"10s"})");
    EXPECT_EQ(parsed.retry.attempts, 5);
    EXPECT_EQ(parsed.timeout, Millis(10'000));
    EXPECT_EQ(to_json(*parse_action(to_json(parsed))), to_json(parsed));
    EXPECT_EQ(
        request_template(parsed),
        json(R"({"path":"/orders","query":{"dry":"{{ input.dry }}"},"headers":{"X-Trace":"abc"},
                       "body":{"id":"{{ input.id }}"}})")
    );
}

TEST(Action, ScriptsAreTheExpressionsThatAreNoPaths) {
    const auto found =
        scripts(action(R"({"key":"a","method":"POST","path":"/a/{{ input.id }}/{{ input.n + 1 }}",
        "query":{"q":"{{ input.q }}"},"headers":{"X-A":"{{ 'a' }}"},"body":{"b":["{{ [1] }}"]}})"));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].place.field, "path");
    EXPECT_EQ(found[0].place.column, 21u);
    EXPECT_EQ(found[1].place.field, "headers.X-A");
    EXPECT_EQ(found[2].place.field, "body.b[0]");
    EXPECT_EQ(found[2].source, " [1] ");
}

TEST(Action, TheMethodDecidesTheEffectWhenNoneIsDeclared) {
    auto effect = [](std::string_view method) {
        Json text = {{"key", "a"}, {"method", method}, {"path", "/"}};
        return parse_action(text)->effect;
    };
    for (std::string_view method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
        EXPECT_EQ(effect(method), runstate::Effect::kIdempotent);
    for (std::string_view method : {"POST", "PATCH"}) EXPECT_EQ(effect(method), runstate::Effect::kUnsafe);
}

TEST(Action, RefusesBadDefinitionsNamingTheField) {
    auto with = [](std::string_view member, std::string_view value) {
        Json text = {{"key", "a"}, {"method", "POST"}, {"path", "/"}};
        text.get_object()[member] = json(value);
        return field(parse_action(text));
    };
    EXPECT_EQ(with("key", R"("A b")"), "key");
    EXPECT_EQ(with("method", R"("FETCH")"), "method");
    EXPECT_EQ(with("path", R"("orders")"), "path");
    EXPECT_EQ(with("path", R"("/a/../b")"), "path");
    EXPECT_EQ(with("path", R"("/a?b=c")"), "path");
    EXPECT_EQ(with("path", R"("/a/{{ input.id")"), "path");
    EXPECT_EQ(with("path", R"("//evil.com/")"), "path");
    EXPECT_EQ(with("headers", R"({"Host":"x"})"), "headers.Host");
    EXPECT_EQ(with("headers", R"({"authorization":"x"})"), "headers.authorization");
    EXPECT_EQ(with("headers", R"({"Proxy-Foo":"x"})"), "headers.Proxy-Foo");
    EXPECT_EQ(with("headers", R"({"a b":"x"})"), "headers.a b");
    EXPECT_EQ(with("body", R"({"a":"{{ "})"), "body.a");
    EXPECT_EQ(with("input", R"({"type":"objekt"})"), "input.type");
    EXPECT_EQ(with("effect", R"("maybe")"), "effect");
    EXPECT_EQ(with("idempotency_header", R"("Content-Length")"), "idempotency_header");
    EXPECT_EQ(with("retry", R"({"attempts":0})"), "retry.attempts");
    EXPECT_EQ(with("timeout", R"("1d")"), "timeout");
    EXPECT_EQ(with("timeout", R"("0s")"), "timeout");
    EXPECT_EQ(with("on_invalid_output", R"("stop")"), "on_invalid_output");
    EXPECT_EQ(with("url", R"("x")"), "url");
}

// ---------------------------------------------------------------- requests

TEST(Request, JoinsBaseAndPathAndEncodesTheQuery) {
    auto request = build_request(
        app(),
        action(),
        json(R"({"path":"/orders/7%2F8","query":{"q":"a b&c","n":1,"none":null,"tag":["x","y"],"t":true}})")
    );
    ASSERT_TRUE(request) << request.error().user;
    EXPECT_EQ(request->url, "https://api.example.com/v2/orders/7%2F8?q=a%20b%26c&n=1&tag=x&tag=y&t=true");
    EXPECT_EQ(request->method, "GET");
    EXPECT_TRUE(request->body.empty());
}

TEST(Request, SendsBodiesByTheirKind) {
    Action post = action(R"({"key":"a","method":"POST","path":"/"})");
    auto body = [&](std::string_view rendered) { return *build_request(app(), post, json(rendered)); };
    EXPECT_EQ(body(R"({"path":"/","body":{"a":1}})").body, R"({"a":1})");
    EXPECT_EQ(header(body(R"({"path":"/","body":{"a":1}})"), "Content-Type"), "application/json");
    EXPECT_EQ(body(R"({"path":"/","body":"text"})").body, "text");
    EXPECT_EQ(header(body(R"({"path":"/","body":"text"})"), "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_TRUE(body(R"({"path":"/","body":null})").headers.empty());
    auto latin =
        body(R"({"path":"/","headers":{"content-type":"text/csv; charset=iso-8859-1"},"body":"Köln"})");
    EXPECT_EQ(latin.body, "K\xF6ln");
    auto lacking = build_request(
        app(), post, json(R"({"path":"/","headers":{"content-type":"text/csv; charset=latin1"},"body":"日"})")
    );
    EXPECT_EQ(field(lacking), "body");
    auto form = body(
        R"({"path":"/","headers":{"content-type":"application/x-www-form-urlencoded"},
            "body":{"a":"x y","b":2}})"
    );
    EXPECT_EQ(form.body, "a=x%20y&b=2");
    EXPECT_EQ(form.headers.size(), 1u);
}

TEST(Request, TrustsNothingThatTheSandboxRendered) {
    App keyed = app(R"({"kind":"api_key","name":"X-Key"})");
    App in_query = app(R"({"kind":"api_key","name":"key","in":"query"})");
    auto refused = [&](const App& to, std::string_view rendered) {
        return field(build_request(to, action(), json(rendered)));
    };
    EXPECT_EQ(refused(keyed, "[]"), "");
    EXPECT_EQ(refused(keyed, "{}"), "path");
    for (std::string_view path :
         {"orders",
          "",
          "/..",
          "/../admin",
          "/a/%2e%2E/b",
          "/a/..%2Fb",
          "/a\\b",
          "/a?x=1",
          "/a#b",
          "/a\nb",
          "/%0d%0aX",
          "/a%",
          "/a%zz",
          "//evil.com",
          "@evil.com/",
          "/a/..%5Cb",
          "/..;/admin",
          "/a/..;v=1/b",
          "/a/.;/b",
          "/a/%2e%2e%3b/b",
          "/a/%252e%252e/b",
          "/a/..%252fb",
          "/a/%25252e./b",
          "/a/."}) {
        Json rendered = {{"path", path}};
        EXPECT_EQ(field(build_request(keyed, action(), rendered)), "path") << path;
    }
    auto spoken = build_request(keyed, action(), json(R"({"path":"/straße/a b|[c]"})"));
    ASSERT_TRUE(spoken) << spoken.error().user;
    EXPECT_EQ(spoken->url, "https://api.example.com/v2/stra%C3%9Fe/a%20b|[c]");
    for (std::string_view path :
         {"/a;v=1/b", "/...;/b", "/a.b/..c", "/50%25", "/a%2520b", "/.well-known/x"}) {
        Json rendered = {{"path", path}};
        EXPECT_TRUE(build_request(keyed, action(), rendered)) << path;
    }
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"Host":"evil.com"}})"), "headers.Host");
    EXPECT_EQ(
        refused(keyed, R"({"path":"/","headers":{"Transfer-Encoding":"chunked"}})"),
        "headers.Transfer-Encoding"
    );
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"Authorization":"x"}})"), "headers.Authorization");
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"x-key":"x"}})"), "headers.x-key");
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"X-A":"a\r\nX-B: b"}})"), "headers.X-A");
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"X-A":"a\u0000b"}})"), "headers.X-A");
    EXPECT_EQ(refused(keyed, R"({"path":"/","headers":{"X-A":{}}})"), "headers.X-A");
    EXPECT_EQ(refused(in_query, R"({"path":"/","query":{"key":"x"}})"), "query.key");
    EXPECT_EQ(refused(keyed, R"({"path":"/","query":{"a":{}}})"), "query.a");
    EXPECT_EQ(refused(keyed, R"({"path":"/","query":"a=b"})"), "query");
}

TEST(HttpStep, BuildsFromItsInput) {
    auto request = build_http_request(
        json(
            R"({"url":"http://Example.com:8080/a?x=1","method":"post","query":{"y":2},
                "headers":{"Authorization":"t"},
                 "body":[1]})"
        ),
        nullptr
    );
    ASSERT_TRUE(request) << request.error().user;
    EXPECT_EQ(request->url, "http://example.com:8080/a?x=1&y=2");
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(header(*request, "Authorization"), "t");
    EXPECT_EQ(request->body, "[1]");
    EXPECT_EQ(build_http_request(json(R"({"url":"https://a.b"})"), nullptr)->method, "GET");
}

TEST(HttpStep, RefusesBadRequests) {
    auto refused = [](std::string_view with) { return field(build_http_request(json(with), nullptr)); };
    EXPECT_EQ(refused("{}"), "url");
    EXPECT_EQ(refused(R"({"url":"file:///etc/passwd"})"), "url");
    EXPECT_EQ(refused(R"({"url":"https://u@a.b"})"), "url");
    EXPECT_EQ(refused(R"({"url":"https://a.b","method":"CONNECT"})"), "method");
    EXPECT_EQ(refused(R"({"url":"https://a.b","method":"GE T"})"), "method");
    EXPECT_EQ(refused(R"({"url":"https://a.b","headers":{"Host":"x"}})"), "headers.Host");
    EXPECT_EQ(refused(R"({"url":"https://a.b","uri":"x"})"), "uri");
}

TEST(HttpStep, AConnectionBindsItToTheAppsUrl) {
    App bound = app(R"({"kind":"bearer"})");
    auto go = [&](std::string_view url) {
        Json with = {{"url", url}};
        return field(build_http_request(with, &bound));
    };
    EXPECT_EQ(go("https://api.example.com/v2/orders"), "accepted");
    EXPECT_EQ(go("https://api.example.com:443/v2?x=1"), "accepted");
    for (std::string_view url :
         {"http://api.example.com/v2/",
          "https://api.example.com:444/v2/",
          "https://evil.com/v2/",
          "https://api.example.com.evil.com/v2/",
          "https://api.example.com/v1/",
          "https://api.example.com/v22",
          "https://api.example.com@evil.com/v2/",
          "https://api.example.com/v2/..%2fadmin"})
        EXPECT_EQ(go(url), "url") << url;
    Json with = json(R"({"url":"https://api.example.com/v2/","headers":{"authorization":"mine"}})");
    EXPECT_EQ(field(build_http_request(with, &bound)), "headers.authorization");
}

TEST(HttpStep, EmptyIsAValue) {
    auto request = build_http_request(
        json(R"({"url":"https://a.b","method":"POST","query":{"q":"","p":[""]},
                 "headers":{"X-Empty":"","content-type":"application/x-www-form-urlencoded"},"body":{"f":""}})"
        ),
        nullptr
    );
    ASSERT_TRUE(request) << request.error().user;
    EXPECT_EQ(request->url, "https://a.b/?q=&p=");
    EXPECT_EQ(request->body, "f=");
    EXPECT_EQ(request->headers.front(), (Header{"X-Empty", ""}));
}

// ---------------------------------------------------------------- auth

HttpRequest plain_request() {
    return {.method = "GET", .url = "https://api.example.com/v2/x?a=1"};
}

TEST(ApplyAuth, PutsEachKindInItsPlace) {
    EXPECT_EQ(*apply_auth(app(), {}, plain_request()), plain_request());
    auto key = apply_auth(
        app(R"({"kind":"api_key","name":"X-Key","prefix":"Token "})"),
        fields({{"api_key", "k1"}}),
        plain_request()
    );
    EXPECT_EQ(header(*key, "X-Key"), "Token k1");
    auto query = apply_auth(
        app(R"({"kind":"api_key","in":"query","name":"api key","field":"k"})"),
        fields({{"k", "a&b"}}),
        plain_request()
    );
    EXPECT_EQ(query->url, "https://api.example.com/v2/x?a=1&api%20key=a%26b");
    auto basic = apply_auth(
        app(R"({"kind":"basic"})"), fields({{"username", "ann"}, {"password", "pw"}}), plain_request()
    );
    EXPECT_EQ(header(*basic, "Authorization"), "Basic " + base64("ann:pw"));
    auto bearer = apply_auth(app(R"({"kind":"bearer"})"), fields({{"token", "t"}}), plain_request());
    EXPECT_EQ(header(*bearer, "Authorization"), "Bearer t");
    auto headers = apply_auth(
        app(R"({"kind":"headers","headers":{"X-Id":"id","X-Secret":"secret"}})"),
        fields({{"id", "1"}, {"secret", "2"}}),
        plain_request()
    );
    EXPECT_EQ(header(*headers, "X-Id") + header(*headers, "X-Secret"), "12");
}

TEST(ApplyAuth, NeverSendsACredentialElsewhere) {
    App bearer = app(R"({"kind":"bearer"})");
    for (std::string_view url :
         {"https://evil.com/v2/x",
          "http://api.example.com/v2/x",
          "https://api.example.com:8443/v2/x",
          "https://api.example.com/",
          "https://api.example.com.evil.com/v2/x"}) {
        HttpRequest request = plain_request();
        request.url = url;
        auto refused = apply_auth(bearer, fields({{"token", "canary"}}), request);
        ASSERT_FALSE(refused) << url;
        EXPECT_EQ(refused.error().code, Code::kForbidden);
        EXPECT_EQ(refused.error().user.find("canary"), std::string::npos);
    }
}

TEST(ApplyAuth, BasicTakesAnEmptyNameOrPassword) {
    App basic = app(R"({"kind":"basic"})");
    for (const auto& [user, password, sent] : std::initializer_list<std::array<std::string, 3>>{
             {"key_1", "", "Basic a2V5XzE6"}, {"", "tok", "Basic OnRvaw=="}, {"", "", "Basic Og=="}
         }) {
        Json typed = {{"username", user}, {"password", password}};
        auto read = parse_connection_fields(basic.auth, typed);
        ASSERT_TRUE(read) << read.error().user;
        auto request = apply_auth(basic, *read, plain_request());
        ASSERT_TRUE(request) << request.error().user;
        EXPECT_EQ(header(*request, "Authorization"), sent);
    }
    // The name is the secret then.
    const Redactor redactor(basic.auth, fields({{"username", "key_123"}, {"password", ""}}));
    EXPECT_EQ(redactor.redact(std::string("key_123 is wrong")), "[redacted] is wrong");
    const Redactor usual(basic.auth, fields({{"username", "key_123"}, {"password", "long enough"}}));
    EXPECT_EQ(usual.redact(std::string("key_123 is wrong")), "key_123 is wrong");
}

TEST(ApplyAuth, NamesAMissingField) {
    EXPECT_EQ(field(apply_auth(app(R"({"kind":"bearer"})"), {}, plain_request())), "fields.token");
    EXPECT_EQ(
        field(apply_auth(app(R"({"kind":"bearer"})"), fields({{"token", "a\r\nb"}}), plain_request())),
        "fields.token"
    );
}

TEST(Idempotency, TheKeyIsSentForKeyedActionsOnly) {
    HttpRequest request = plain_request();
    set_idempotency_key(action(), "k", request);
    EXPECT_TRUE(request.headers.empty());
    request.headers.push_back({"idempotency-key", "mine"});
    set_idempotency_key(action(R"({"key":"a","method":"POST","path":"/","effect":"keyed"})"), "k", request);
    EXPECT_EQ(request.headers, (std::vector<Header>{{"Idempotency-Key", "k"}}));
}

// ---------------------------------------------------------------- responses

TEST(Response, BecomesTheStepsOutput) {
    HttpResponse response{
        .status = 200,
        .headers =
            {{"Content-Type", "application/json; charset=utf-8"},
             {"X-A", "1"},
             {"x-a", "2"},
             {"Set-Cookie", "s"}},
        .body = R"({"id":7})"
    };
    Oddities seen;
    EXPECT_EQ(
        response_output(response, seen),
        json(
            R"({"status":200,"headers":{"content-type":"application/json; charset=utf-8","x-a":"1, 2"},
                "body":{"id":7}})"
        )
    );
    auto body = [&](std::string_view type, std::string_view text) {
        HttpResponse r{.status = 200, .body = std::string(text)};
        if (!type.empty()) r.headers.push_back({"content-type", std::string(type)});
        return response_output(r, seen).at("body");
    };
    EXPECT_EQ(body("text/plain", "[1]"), Json("[1]"));
    EXPECT_EQ(body("", "[1]"), json("[1]"));
    EXPECT_EQ(body("application/problem+json", "[1]"), json("[1]"));
    EXPECT_EQ(body("application/json", "not json"), Json("not json"));
    EXPECT_EQ(body("application/json", ""), Json(nullptr));
    EXPECT_EQ(body("image/png", "\x89PNG"), json(R"({"base64":"iVBORw=="})"));
    EXPECT_EQ(body("text/plain", "\xED\xA0\x80").is_object(), true);  // a lone surrogate is not UTF-8
    EXPECT_EQ(body("text/plain", "Grüße 🙂"), Json("Grüße 🙂"));
}

TEST(Response, IsJudgedByStatusAndEffect) {
    using runstate::Effect;
    EXPECT_EQ(judge(201, Effect::kUnsafe), Verdict::kOk);
    EXPECT_EQ(judge(302, Effect::kUnsafe), Verdict::kFail);
    EXPECT_EQ(judge(422, Effect::kIdempotent), Verdict::kFail);
    for (int status : {408, 425, 429, 503}) EXPECT_EQ(judge(status, Effect::kUnsafe), Verdict::kRetry);
    for (int status : {500, 502, 504, 520}) {
        EXPECT_EQ(judge(status, Effect::kUnsafe), Verdict::kUnknown);
        EXPECT_EQ(judge(status, Effect::kKeyed), Verdict::kRetry);
    }
}

TEST(Response, FailureMessageQuotesTheProvider) {
    auto message = [](int status, std::string_view body) {
        Oddities seen;
        HttpResponse response{.status = status, .body = std::string(body)};
        return failure_message(status, response_body(response, seen));
    };
    EXPECT_EQ(
        message(422, R"({"error":{"message":"no such sku"}})"), "The provider answered 422: no such sku"
    );
    EXPECT_EQ(message(400, R"({"errors":[{"detail":"bad"}]})"), "The provider answered 400: bad");
    EXPECT_EQ(message(500, "boom\nat line 1"), "The provider answered 500: boom at line 1");
    EXPECT_EQ(message(502, "<html>Bad Gateway</html>"), "The provider answered 502");
    EXPECT_EQ(message(404, ""), "The provider answered 404");
    EXPECT_EQ(message(302, "x"), "The provider answered 302: redirects are not followed");
    EXPECT_LT(message(500, std::string(10'000, 'x')).size(), 400u);
}

TEST(Response, ReadsRetryAfter) {
    Instant now{Micros(784'111'777'000'000)};  // Sun, 06 Nov 1994 08:49:37 GMT
    auto read = [&](std::string_view value) {
        return retry_after({.status = 429, .headers = {{"Retry-After", std::string(value)}}}, now);
    };
    EXPECT_EQ(read("30"), Millis(30'000));
    EXPECT_EQ(read("Sun, 06 Nov 1994 08:50:07 GMT"), Millis(30'000));
    EXPECT_EQ(read("Sun, 06 Nov 1994 08:00:00 GMT"), Millis(0));
    EXPECT_EQ(read("soon"), std::nullopt);
    EXPECT_EQ(read("-5"), std::nullopt);
    EXPECT_EQ(retry_after({.status = 429}, now), std::nullopt);
}

}  // namespace
}  // namespace weft::connector
