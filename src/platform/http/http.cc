#include "platform/http/http.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/percent.h"

#include <algorithm>
#include <array>

namespace weft::http {

namespace {

constexpr std::array<std::string_view, 7> kMethods{
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
};
constexpr std::size_t kQueryPairsMax = 256;  // more is an attack on whoever loops over them

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_control(char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

/// The byte of "%XX" at `at`; -1 when that is no escape.
int escaped_byte(std::string_view text, std::size_t at) {
    const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/// A path's segment; nothing when an escape is bad.
std::optional<std::string> segment_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int byte = text[i] == '%' ? escaped_byte(text, i) : 0;
        if (byte < 0) return std::nullopt;
        out += text[i] == '%' ? static_cast<char>(byte) : text[i];
        if (text[i] == '%') i += 2;
    }
    return out;
}

std::string form_decoded(std::string_view text) {
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
}

bool is_safe_segment(std::string_view raw, std::string_view decoded) {
    if (decoded == "." || decoded == "..") return false;
    if (std::ranges::any_of(decoded, is_control)) return false;
    if (decoded.find('\\') != decoded.npos) return false;
    // A slash in the decoded text was an encoded one: the next reader would see another path.
    return decoded.find('/') == decoded.npos && raw.find('#') == raw.npos;
}

Result<std::string> parse_path(std::string_view raw) {
    std::string path;
    path.reserve(raw.size());
    std::size_t at = 1;
    while (true) {
        std::size_t end = std::min(raw.find('/', at), raw.size());
        auto segment = raw.substr(at, end - at);
        auto decoded = segment_decoded(segment);
        if (!decoded || !is_safe_segment(segment, *decoded))
            return fail(Error::invalid("The path of the URL is malformed"));
        path += '/';
        path += *decoded;
        if (end == raw.size()) return path;
        at = end + 1;
    }
}

std::string_view title_of(Code code) {
    switch (code) {
        case Code::kInvalid:
            return "Invalid request";
        case Code::kUnauthenticated:
            return "Not signed in";
        case Code::kForbidden:
            return "Not allowed";
        case Code::kNotFound:
            return "Not found";
        case Code::kConflict:
            return "Conflict";
        case Code::kLimit:
            return "Limit reached";
        case Code::kTimeout:
            return "Timed out";
        case Code::kCancelled:
            return "Cancelled";
        case Code::kUnavailable:
            return "Temporarily unavailable";
        case Code::kStale:
            return "Out of date";
        case Code::kInternal:
            return "Internal error";
    }
    return "Error";
}

struct ProblemParts {
    int status;
    std::string_view kind;
    std::string_view title;
    std::string_view detail;
    std::string_view field;
};

Response make_problem(const ProblemParts& parts, const RequestId& id) {
    JsonObject body;
    body["type"] = "urn:weft:problem:" + std::string(parts.kind);
    body["title"] = parts.title;
    body["status"] = parts.status;
    body["detail"] = parts.detail;
    if (!parts.field.empty()) body["field"] = parts.field;
    body["request_id"] = id.text();
    Response response;
    response.status = parts.status;
    response.headers.add("content-type", "application/problem+json");
    response.headers.add("cache-control", "no-store");
    response.body = to_text(Json(std::move(body)));
    return response;
}

}  // namespace

std::string_view name(Method method) {
    return kMethods[static_cast<std::size_t>(method)];
}

std::optional<Method> parse_method(std::string_view text) {
    auto at = std::ranges::find(kMethods, text);
    if (at == kMethods.end()) return std::nullopt;
    return static_cast<Method>(at - kMethods.begin());
}

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Fields::find(std::string_view key) const {
    for (const auto& [k, v] : pairs_) {
        if (same_name(k, key)) return std::string_view(v);
    }
    return std::nullopt;
}

std::string_view Fields::get(std::string_view key, std::string_view fallback) const {
    return find(key).value_or(fallback);
}

std::size_t Fields::count(std::string_view key) const {
    return static_cast<std::size_t>(std::ranges::count_if(pairs_, [&](const Pair& pair) {
        return same_name(pair.first, key);
    }));
}

void Fields::remove(std::string_view key) {
    std::erase_if(pairs_, [&](const Pair& pair) { return same_name(pair.first, key); });
}

void Fields::set(std::string_view key, std::string value) {
    remove(key);
    add(std::string(key), std::move(value));
}

bool is_header_name(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kMarks.contains(c);
    });
}

bool is_header_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return is_control(c) && c != '\t'; });
}

Result<Fields> parse_pairs(std::string_view text, std::size_t pairs_max) {
    Fields out;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        if (out.size() == pairs_max)
            return fail(Error::limit("There are more than " + std::to_string(pairs_max) + " fields", "body"));
        const auto equals = std::min(pair.find('='), pair.size());
        out.add(
            form_decoded(pair.substr(0, equals)), form_decoded(pair.substr(std::min(equals + 1, pair.size())))
        );
    }
    return out;
}

Result<Target> Target::parse(std::string_view text) {
    if (text.empty() || text[0] != '/') return fail(Error::invalid("The request target must start with /"));
    auto question = std::min(text.find('?'), text.size());
    Target target;
    TRY(target.path, parse_path(text.substr(0, question)));
    TRY(target.query, parse_pairs(text.substr(std::min(question + 1, text.size())), kQueryPairsMax));
    return target;
}

Response Response::text(int status, std::string body, std::string_view type) {
    Response response = empty(status);
    response.headers.add("content-type", std::string(type));
    response.body = std::move(body);
    return response;
}

Response Response::json(int status, std::string body) {
    return text(status, std::move(body), "application/json");
}

Response Response::empty(int status) {
    Response response;
    response.status = status;
    return response;
}

Response problem(const Error& error, const RequestId& id) {
    // A limit that passes by itself is told apart from one that does not. One that names a field is of what
    // was sent: sent again it fails again, which 429 would deny.
    const bool is_quota = error.code == Code::kLimit && error.retry == Retry::kBackoff;
    const bool is_of_content = error.code == Code::kLimit && !is_quota && !error.field.empty();
    ProblemParts parts{
        is_of_content ? 413 : http_status(error.code),
        is_quota ? "quota-exceeded" : name(error.code),
        title_of(error.code),
        error.user,
        error.field
    };
    Response response = make_problem(parts, id);
    if (is_quota || error.code == Code::kUnavailable) response.headers.add("retry-after", "1");
    return response;
}

Response problem(int status, std::string_view kind, std::string_view detail, const RequestId& id) {
    std::string title(kind);
    std::ranges::replace(title, '_', ' ');
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
        title[0] = static_cast<char>(title[0] - 'a' + 'A');
    return make_problem({status, kind, title, detail, ""}, id);
}

}  // namespace weft::http
