#include "core/connector/detail/url.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "base/percent.h"
#include "core/connector/detail/host.h"
#include "core/connector/detail/reading.h"
#include "core/connector/protocol.h"

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
        std::string next = percent_decode(plain);
        if (next == plain) return false;
        plain = std::move(next);
    }
    return true;  // still not plain: nobody writes this to be understood
}

/// The standard's percent-encode sets: controls, what is not ASCII, and these.
constexpr std::string_view kNotInPath = " \"#<>?^`{}";
constexpr std::string_view kNotInQuery = " \"#<>'";

std::string encoded(std::string_view text, std::string_view not_in) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        const bool is_plain = c > ' ' && c < '\x7F' && not_in.find(c) == std::string_view::npos;
        out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// An escape of a control character: a server or a log behind it may take it for the end of a line.
bool has_encoded_control(std::string_view path) {
    for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        const int high = at + 2 < path.size() ? hex_digit(path[at + 1]) : -1;
        const int low = high >= 0 ? hex_digit(path[at + 2]) : -1;
        if (low >= 0 && (high < 2 || high * 16 + low == 0x7F)) return true;
    }
    return false;
}

bool has_half_escape(std::string_view path) {
    for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1))
        if (at + 2 >= path.size() || hex_digit(path[at + 1]) < 0 || hex_digit(path[at + 2]) < 0) return true;
    return false;
}

Result<> check_path(std::string_view path, std::string_view field) {
    if (path.size() > limits::kHttpTargetBytesMax) return wrong("The path is too long", field);
    if (has_encoded_control(path)) return wrong("The path holds an encoded control character", field);
    if (has_dot_segment(path)) return wrong("A path has no . or .. segments", field);
    return {};
}

/// Blanks and controls around it, and line ends and tabs within, are how it was pasted.
std::string pasted(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    std::string out(text);
    std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
    return out;
}

/// A short part as an error may show it.
std::string one_word(std::string_view text) {
    std::string out(text.substr(0, 20));
    std::erase_if(out, [](char c) { return c <= ' ' || c >= '\x7F'; });
    return out;
}

/// The parts of a URL, each as it stands there.
struct Parts {
    std::string scheme;
    std::string_view host;
    std::string_view port;
    std::string_view path;
    std::string_view query;
    bool has_query = false;
    bool has_fragment = false;
};

Result<Parts> split(std::string_view text, std::string_view field, Schemes schemes) {
    Parts out;
    const std::size_t colon = text.find(':');
    out.scheme = lower(text.substr(0, std::min(colon, text.size())));
    const Scheme* scheme = scheme_of(out.scheme);
    const bool is_known =
        scheme != nullptr && (schemes == Schemes::kAll || scheme->protocol == Protocol::kHttp);
    if (!is_known)
        return wrong("A URL starts with https:// or http://, as https://api.example.com/v2", field);
    text.remove_prefix(colon + 1);
    text.remove_prefix(std::min(text.find_first_not_of("/\\"), text.size()));
    if (const std::size_t at = text.find('#'); at != std::string_view::npos) {
        out.has_fragment = true;
        text = text.substr(0, at);
    }
    if (const std::size_t at = text.find('?'); at != std::string_view::npos) {
        out.has_query = true;
        out.query = text.substr(at + 1);
        text = text.substr(0, at);
    }
    const std::size_t end = std::min(text.find_first_of("/\\"), text.size());
    out.path = text.substr(end);
    out.host = text.substr(0, end);
    if (out.host.contains('@')) return wrong("A URL holds no user name or password; use a connection", field);
    const std::size_t port = out.host.rfind(':');
    if (port != std::string_view::npos && out.host.find(']', port) == std::string_view::npos) {
        out.port = out.host.substr(port + 1);
        out.host = out.host.substr(0, port);
    }
    return out;
}

}  // namespace

std::string Url::text() const {
    std::string out = origin.text() + path;
    if (!query.empty()) out += (path.empty() ? "/?" : "?") + query;
    return out;
}

Result<std::string> normal_path(std::string_view path, std::string_view field) {
    if (!path.starts_with('/')) return wrong("A path starts with /", field);
    if (path.starts_with("//")) return wrong("A path does not start with //", field);
    if (path.find_first_of("?#\\") != std::string_view::npos || has_half_escape(path))
        return wrong("In a path, write %3F for ?, %23 for #, %5C for \\ and %25 for %", field);
    if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; }))
        return wrong("A path has no control characters", field);
    std::string out = encoded(path, kNotInPath);
    CHECK_OK(check_path(out, field));
    return out;
}

void add_query(std::string& query, std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += percent_encode(name) + '=' + percent_encode(value);
}

Result<Url> parse_url(std::string_view text, std::string_view field, Schemes schemes) {
    if (text.size() > limits::kHttpTargetBytesMax) return wrong("The URL is too long", field);
    const std::string whole = pasted(text);
    TRY(Parts parts, split(whole, field, schemes));
    Url out;
    out.origin.scheme = parts.scheme;
    TRY(out.origin.host, normal_host(parts.host, field));
    out.origin.port = scheme_of(parts.scheme)->port;
    if (!parts.port.empty()) {
        const std::string_view digits = parts.port;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out.origin.port);
        if (ec != std::errc{} || end != digits.data() + digits.size() || out.origin.port == 0)
            return wrong(
                fmt::format("The URL's port '{}' is not a number from 1 to 65535", one_word(digits)), field
            );
    }
    out.path = encoded(parts.path, kNotInPath);
    std::ranges::replace(out.path, '\\', '/');
    CHECK_OK(check_path(out.path, field));
    out.has_query = parts.has_query;
    out.query = encoded(parts.query, kNotInQuery);
    out.has_fragment = parts.has_fragment;
    return out;
}

}  // namespace detail

const Scheme* scheme_of(std::string_view name) {
    const auto* found = std::ranges::find(kSchemes, name, &Scheme::name);
    return found == kSchemes.end() ? nullptr : found;
}

std::string Origin::text() const {
    const Scheme* known = scheme_of(scheme);
    const bool is_default = known != nullptr && port == known->port;
    return is_default ? fmt::format("{}://{}", scheme, host) : fmt::format("{}://{}:{}", scheme, host, port);
}

Result<Origin> origin_of(std::string_view url) {
    TRY(detail::Url parsed, detail::parse_url(url, "url"));
    return parsed.origin;
}

}  // namespace weft::connector
