#include "core/connector/detail/url.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "core/connector/detail/reading.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ranges>

namespace weft::connector {

namespace detail {

namespace {

constexpr int kDecodingsMax = 3;  // a server, a proxy before it, and one more

std::unexpected<Error> wrong(std::string_view message, std::string_view field) {
    return fail(Error::invalid(std::string(message), std::string(field)));
}

/// One round of percent-decoding; `path` holds whole escapes only, or what an earlier round made of them.
std::string percent_decoded(std::string_view path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        int high = path[i] == '%' && i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
        if (low < 0) {
            out += path[i];
        } else {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

/// "." or "..", also with a path parameter behind it: some servers cut "..;x" at the semicolon and go up.
bool is_dot_segment(std::string_view segment) {
    std::string_view name = segment.substr(0, segment.find(';'));
    return name == "." || name == "..";
}

/// Whether any server could see a dot segment. They decode before they resolve, and a proxy before them may
/// have decoded already: "a%2f..%2fb" and "%252e%252e" are refused too.
bool has_dot_segment(std::string_view path) {
    std::string plain(path);
    for (int round = 0; round < kDecodingsMax; ++round) {
        std::ranges::replace(plain, '\\', '/');
        for (auto segment : std::views::split(std::string_view(plain), '/'))
            if (is_dot_segment(std::string_view(segment))) return true;
        std::string next = percent_decoded(plain);
        if (next == plain) return false;
        plain = std::move(next);
    }
    return true;  // still not plain: nobody writes this to be understood
}

/// RFC 3986 pchar and '/', percent escapes whole and of no control character.
bool is_path_text(std::string_view path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        char c = path[i];
        if (c == '%') {
            int high = i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
            int low = i + 2 < path.size() ? hex_digit(path[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            int byte = high * 16 + low;
            if (byte < ' ' || byte == 0x7F) return false;
            i += 2;
            continue;
        }
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && std::string_view("/-._~!$&'()*+,;=:@").find(c) == std::string_view::npos)
            return false;
    }
    return true;
}

}  // namespace

std::string Url::text() const {
    std::string out = origin.text() + path;
    if (!query.empty()) out += (path.empty() ? "/?" : "?") + query;
    return out;
}

Result<> check_path(std::string_view path, std::string_view field) {
    if (!path.starts_with('/')) return wrong("A path starts with /", field);
    if (path.size() > limits::kHttpTargetBytesMax) return wrong("The path is too long", field);
    if (!is_path_text(path)) return wrong("The path holds characters that must be percent-encoded", field);
    if (path.starts_with("//")) return wrong("A path does not start with //", field);
    if (has_dot_segment(path)) return wrong("A path has no . or .. segments", field);
    return {};
}

void add_query(std::string& query, std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += percent_encode(name) + '=' + percent_encode(value);
}

Result<Url> parse_url(std::string_view text, std::string_view field) {
    if (text.size() > limits::kHttpTargetBytesMax) return wrong("The URL is too long", field);
    auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
    if (!parsed) return wrong("This is not a URL such as https://api.example.com/v2", field);
    const boost::urls::url_view& url = *parsed;
    Url out;
    out.origin.scheme = lower(std::string_view(url.scheme().data(), url.scheme().size()));
    if (out.origin.scheme != "http" && out.origin.scheme != "https")
        return wrong("A URL starts with https:// or http://", field);
    if (url.has_userinfo()) return wrong("A URL holds no user name or password; use a connection", field);
    if (url.has_fragment()) return wrong("A URL sent to a server has no #fragment", field);
    auto host = url.encoded_host();
    out.origin.host = lower(std::string_view(host.data(), host.size()));
    if (out.origin.host.empty() || out.origin.host.find('%') != std::string::npos ||
        out.origin.host.size() > 255)
        return wrong("The URL has no proper host", field);
    out.origin.port = out.origin.scheme == "https" ? 443 : 80;
    if (url.has_port() && !url.port().empty()) {
        // Not port_number(): it wraps around.
        auto digits = url.port();
        auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out.origin.port);
        if (ec != std::errc{} || end != digits.data() + digits.size() || out.origin.port == 0)
            return wrong("The port is a number from 1 to 65535", field);
    }
    auto path = url.encoded_path();
    out.path.assign(path.data(), path.size());
    if (!out.path.empty()) CHECK_OK(check_path(out.path, field));
    out.has_query = url.has_query();
    auto query = url.encoded_query();
    out.query.assign(query.data(), query.size());
    return out;
}

}  // namespace detail

std::string Origin::text() const {
    bool is_default = port == (scheme == "https" ? 443 : 80);
    return is_default ? fmt::format("{}://{}", scheme, host) : fmt::format("{}://{}:{}", scheme, host, port);
}

Result<Origin> origin_of(std::string_view url) {
    TRY(detail::Url parsed, detail::parse_url(url, "url"));
    return parsed.origin;
}

}  // namespace weft::connector
