#include "platform/http/site.h"

#include <gtest/gtest.h>

#include <optional>

namespace weft::http {
namespace {

struct Row {
    const char* what;
    std::optional<const char*> origin;
    std::optional<const char*> fetch_site;
    Site site;
    const char* host = "weft.test";
    Method method = Method::kPost;
};

Request request_of(const Row& row) {
    Request out;
    out.method = row.method;
    out.peer = "10.0.0.1";
    out.headers.add("host", row.host);
    if (row.origin) out.headers.add("origin", *row.origin);
    if (row.fetch_site) out.headers.add("sec-fetch-site", *row.fetch_site);
    return out;
}

template <std::size_t N>
void check(const SiteRule& rule, const Row (&rows)[N]) {
    for (const Row& row : rows) EXPECT_EQ(site_of(rule, request_of(row)), row.site) << row.what;
}

TEST(Site, IsJudgedFromOriginHostAndFetchMetadata) {
    const SiteRule rule{.public_url = "https://weft.example/", .listed_origins = {"https://app.example"}};
    constexpr auto kNothing = std::nullopt;
    const Row rows[] = {
        {"a program", kNothing, kNothing, Site::kUnsaid},
        {"a typed address", kNothing, "none", Site::kUnsaid},
        {"a page's own read", kNothing, "same-origin", Site::kOwn},
        {"a neighbour's read", kNothing, "same-site", Site::kForeign},
        {"another's read", kNothing, "cross-site", Site::kForeign},
        {"an unknown word", kNothing, "maybe", Site::kForeign},
        {"the Host's page", "http://weft.test", kNothing, Site::kOwn},
        {"the same over TLS", "https://weft.test", kNothing, Site::kOwn},
        {"in capitals", "HTTP://WEFT.test", kNothing, Site::kOwn},
        {"with metadata", "http://weft.test", "same-origin", Site::kOwn},
        {"metadata that disagree", "http://weft.test", "same-site", Site::kForeign},
        {"another port", "http://weft.test:81", kNothing, Site::kForeign},
        {"another host", "http://evil.test", kNothing, Site::kForeign},
        {"a longer host", "http://weft.test.evil.test", kNothing, Site::kForeign},
        {"another scheme", "ftp://weft.test", kNothing, Site::kForeign},
        {"an opaque origin", "null", kNothing, Site::kForeign},
        {"an empty origin", "", kNothing, Site::kForeign},
        {"no URL", "weft.test", kNothing, Site::kForeign},
        {"the public URL", "https://weft.example", kNothing, Site::kOwn},
        {"its other scheme", "http://weft.example", kNothing, Site::kForeign},
        {"its other scheme, as Host", "http://weft.example", kNothing, Site::kForeign, "weft.example"},
        {"listed", "https://app.example", kNothing, Site::kListed},
        {"listed, with metadata", "https://app.example", "cross-site", Site::kListed},
        {"listed, other scheme", "http://app.example", kNothing, Site::kForeign},
        {"no Host", "http://", kNothing, Site::kForeign, ""},
    };
    check(rule, rows);
}

TEST(Site, ATrustedProxyTellsTheScheme) {
    const SiteRule rule{.trusted_proxies = {"10.0.0.1"}};
    Request head = request_of({"", "http://weft.test", std::nullopt, Site::kOwn});
    head.headers.add("x-forwarded-proto", "https");
    EXPECT_EQ(site_of(rule, head), Site::kForeign);
    EXPECT_EQ(site_of({}, head), Site::kOwn) << "control: a proxy that is not trusted tells nothing";
    head.headers.set("origin", "https://weft.test");
    EXPECT_EQ(site_of(rule, head), Site::kOwn);
}

TEST(Site, TwoOriginsAreNobodys) {
    Request head = request_of({"", "http://weft.test", std::nullopt, Site::kOwn});
    EXPECT_EQ(site_of({}, head), Site::kOwn) << "control";
    head.headers.add("origin", "http://weft.test");
    EXPECT_EQ(site_of({}, head), Site::kForeign);
}

TEST(Site, WhereReachingUsIsEnoughANameIsNotOurs) {
    const SiteRule rule{.needs_address = true};
    constexpr auto kNothing = std::nullopt;
    const Row rows[] = {
        {"loopback", "http://127.0.0.1:8080", kNothing, Site::kOwn, "127.0.0.1:8080"},
        {"localhost", "http://localhost:8080", kNothing, Site::kOwn, "localhost:8080"},
        {"IPv6", "http://[::1]:8080", kNothing, Site::kOwn, "[::1]:8080"},
        {"a name made to mean us", "http://evil.test:8080", kNothing, Site::kForeign, "evil.test:8080"},
        {"its read", kNothing, "same-origin", Site::kForeign, "evil.test:8080", Method::kGet},
        {"its read, untold", kNothing, kNothing, Site::kForeign, "evil.test:8080", Method::kGet},
        {"a program by name", kNothing, kNothing, Site::kUnsaid, "graphql:8080"},
        {"a read by address", kNothing, kNothing, Site::kUnsaid, "127.0.0.1:8080", Method::kGet},
    };
    check(rule, rows);
}

TEST(Site, ACookieSpeaksForOurPagesAndForProgramsButNotOnTheirSockets) {
    struct {
        Site site;
        bool read, change, socket;
    } const rows[] = {
        {Site::kUnsaid, true, true, false},
        {Site::kOwn, true, true, true},
        {Site::kListed, false, false, false},
        {Site::kForeign, false, false, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(may_carry_cookie(row.site, Use::kRead), row.read);
        EXPECT_EQ(may_carry_cookie(row.site, Use::kChange), row.change);
        EXPECT_EQ(may_carry_cookie(row.site, Use::kSocket), row.socket);
    }
}

TEST(Handshake, OnlyListedOriginsAreEverNamedInAnAnswer) {
    const SiteRule rule{.listed_origins = {"https://app.example"}};
    for (const char* origin : {"https://app.example", "http://weft.test", "https://evil.test", "null"}) {
        Request head = request_of({"", origin, std::nullopt, Site::kForeign});
        Response response;
        add_cors(response, Handshake(rule, head));
        EXPECT_EQ(response.headers.get("vary"), "origin");
        const bool is_listed = origin == rule.listed_origins.front();
        EXPECT_EQ(response.headers.get("access-control-allow-origin"), is_listed ? origin : "");
        EXPECT_EQ(response.headers.count("access-control-allow-credentials"), 0u);
    }
}

TEST(Site, AListedOriginIsOneWebOrigin) {
    EXPECT_EQ(parse_origin("https://App.example:8443").value(), "https://app.example:8443");
    for (const char* bad :
         {"*",
          "null",
          "",
          "https://",
          "https://*.example",
          "https://a.example/",
          "a.example",
          "https://a.example/x",
          "ftp://a.example",
          "https://u@a.example",
          "https://a b"}) {
        EXPECT_EQ(parse_origin(bad).error().code, Code::kInvalid) << bad;
    }
}

TEST(Handshake, KnowsASocketByItsUpgrade) {
    Request post = request_of({"", "http://evil.test", std::nullopt, Site::kForeign});
    post.headers.add("sec-websocket-key", "x");
    post.headers.add("upgrade", "websocket");
    Request get = post;
    get.method = Method::kGet;
    EXPECT_FALSE(Handshake({}, post).is_socket());
    const Handshake socket({}, get);
    EXPECT_TRUE(socket.is_socket());
    EXPECT_EQ(socket.site(), Site::kForeign);
}

}  // namespace
}  // namespace weft::http
