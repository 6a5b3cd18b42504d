#include "platform/http/site.h"

#include <algorithm>
#include <utility>

namespace weft::http {

namespace {

constexpr std::string_view kMethods = "GET, POST, OPTIONS";
constexpr std::string_view kPreflightSeconds = "3600";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

struct Origin {
    std::string_view scheme;
    std::string_view authority;  // host and, when it is not the scheme's own, port
};

/// The beginning of a URL.
Origin origin_of(std::string_view url) {
    const auto end = url.find("://");
    if (end == std::string_view::npos) return {};
    const std::string_view rest = url.substr(end + 3);
    return {.scheme = url.substr(0, end), .authority = rest.substr(0, rest.find_first_of("/?#"))};
}

bool is_same(const Origin& a, const Origin& b) {
    return !a.authority.empty() && equals(a.scheme, b.scheme) && equals(a.authority, b.authority);
}

/// "127.0.0.1:8080", "localhost:8080", "[::1]:8080": no name that somebody else could point here.
bool is_address(std::string_view host) {
    const std::string_view name = host.substr(0, host.rfind(':'));
    return name == "localhost" || name.starts_with('[') ||
           (!name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// The scheme that pages of this Host have; empty when a proxy may have changed it unseen.
std::string_view scheme_of(const SiteRule& rule, const Request& head, std::string_view host) {
    const auto proxied = head.headers.find("x-forwarded-proto");
    if (proxied && std::ranges::find(rule.trusted_proxies, head.peer) != rule.trusted_proxies.end()) {
        return *proxied;
    }
    const Origin configured = origin_of(rule.public_url);
    return equals(configured.authority, host) ? configured.scheme : std::string_view();
}

bool is_own(const SiteRule& rule, const Request& head, std::string_view text) {
    const Origin origin = origin_of(text);
    if (is_same(origin, origin_of(rule.public_url))) return true;
    const std::string_view host = head.headers.get("host");
    if (host.empty() || !equals(origin.authority, host)) return false;
    if (rule.needs_address && !is_address(host)) return false;
    const std::string_view scheme = scheme_of(rule, head, host);
    if (!scheme.empty()) return equals(origin.scheme, scheme);
    return equals(origin.scheme, "http") || equals(origin.scheme, "https");
}

}  // namespace

Site site_of(const SiteRule& rule, const Request& head) {
    const Fields& headers = head.headers;
    if (headers.count("origin") > 1 || headers.count("sec-fetch-site") > 1) return Site::kForeign;
    const std::string_view told = headers.get("sec-fetch-site", "none");
    const bool is_told_foreign = told != "none" && told != "same-origin";
    const auto origin = headers.find("origin");
    if (!origin) {
        // A page reads from its own origin without naming it; under a name that was made to mean this machine
        // that page is somebody else's.
        const bool may_be_renamed = rule.needs_address && head.method == Method::kGet;
        if (is_told_foreign || (may_be_renamed && !is_address(headers.get("host")))) return Site::kForeign;
        return told == "same-origin" ? Site::kOwn : Site::kUnsaid;
    }
    if (is_own(rule, head, *origin)) return is_told_foreign ? Site::kForeign : Site::kOwn;
    const bool is_listed =
        std::ranges::any_of(rule.listed_origins, [&](const auto& each) { return equals(each, *origin); });
    return is_listed ? Site::kListed : Site::kForeign;
}

bool may_carry_cookie(Site site, Use use) {
    switch (site) {
        case Site::kOwn:
            return true;
        case Site::kUnsaid:
            return use != Use::kSocket;
        case Site::kListed:
        case Site::kForeign:
            return false;
    }
    return false;
}

Result<std::string> parse_origin(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), &lower);
    const Origin origin = origin_of(out);
    const bool is_web = origin.scheme == "http" || origin.scheme == "https";
    const bool is_whole = out.size() == origin.scheme.size() + 3 + origin.authority.size();
    const bool is_plain = origin.authority.find_first_of("*@ ,\\\"'") == std::string_view::npos;
    if (is_web && is_whole && is_plain && !origin.authority.empty()) return out;
    return fail(Error::invalid(
        "\"" + std::string(text) +
        "\" is no web origin. Write scheme, host and port alone, e.g. https://app.example.com"
    ));
}

Handshake::Handshake(const SiteRule& rule, Request& request)
    : site_(site_of(rule, request)),
      method_(request.method),
      headers_(std::move(request.headers)),
      client_(std::move(request.client)) {}

bool Handshake::is_socket() const {
    return method_ == Method::kGet && equals(headers_.get("upgrade"), "websocket");
}

void add_cors(Response& response, const Handshake& handshake) {
    response.headers.add("vary", "origin");
    if (handshake.site() != Site::kListed) return;
    const Fields& asked = handshake.headers();
    response.headers.add("access-control-allow-origin", std::string(asked.get("origin")));
    response.headers.add("access-control-expose-headers", "x-request-id");
    if (handshake.method() != Method::kOptions) return;
    response.headers.add("access-control-allow-methods", std::string(kMethods));
    if (const auto wanted = asked.find("access-control-request-headers")) {
        response.headers.add("access-control-allow-headers", std::string(*wanted));
    }
    response.headers.add("access-control-max-age", std::string(kPreflightSeconds));
}

}  // namespace weft::http
