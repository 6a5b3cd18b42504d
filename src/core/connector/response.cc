#include "base/bytes.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"
#include "core/media/media.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace weft::connector {

using detail::text_of;

namespace {

constexpr std::size_t kMessageBytesMax = 300;

std::string_view header(const HttpResponse& response, std::string_view name) {
    for (const Header& h : response.headers)
        if (detail::same_header(h.name, name)) return h.value;
    return "";
}

/// Where providers put their sentence: error.message, message, error, detail, title, errors[0].
std::string_view message_in(const Json& body, int depth = 0) {
    if (body.is_string()) return text_of(body);
    if (depth > 3) return "";
    if (body.is_array())
        return body.get_array().empty() ? "" : message_in(body.get_array().front(), depth + 1);
    if (!body.is_object()) return "";
    for (std::string_view key :
         {"message", "error_description", "error", "errors", "detail", "title", "description"})
        if (const Json* found = body.get_object().if_contains(key))
            if (std::string_view text = message_in(*found, depth + 1); !text.empty()) return text;
    return "";
}

/// One line, cut between characters.
std::string one_line(std::string_view text) {
    bool is_cut = text.size() > kMessageBytesMax;
    std::string out(utf8::prefix(text, kMessageBytesMax));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
    return is_cut ? out + "…" : out;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"; the two older forms are not sent any more.
std::optional<Instant> http_date(std::string_view text) {
    static constexpr std::array<std::string_view, 12> kMonths = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
    auto number = [&](std::size_t at, std::size_t count) {
        int value = -1;
        auto [end, ec] = std::from_chars(text.data() + at, text.data() + at + count, value);
        return ec == std::errc{} && end == text.data() + at + count ? value : -1;
    };
    auto month = std::ranges::find(kMonths, text.substr(8, 3));
    int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
        second = number(23, 2);
    if (month == kMonths.end() || day < 1 || year < 1970 || hour < 0 || minute < 0 || second < 0)
        return std::nullopt;
    std::chrono::year_month_day date(
        std::chrono::year(year),
        std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
        std::chrono::day(static_cast<unsigned>(day))
    );
    if (!date.ok()) return std::nullopt;
    auto at = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
              std::chrono::seconds(second);
    return Instant(std::chrono::duration_cast<Micros>(at.time_since_epoch()));
}

}  // namespace

Json response_body(HttpResponse& response, Oddities& seen) {
    std::string bytes = std::move(response.body);
    response.body.clear();
    if (bytes.empty()) return nullptr;
    const media::ContentType type = media::parse_content_type(header(response, "content-type"));
    std::string charset = type.charset;
    if (charset.empty()) charset = media::xml_encoding(bytes);
    const bool is_json = media::is_json(type.type);
    const bool is_text = media::is_text(type.type) || (type.type.empty() && !charset.empty());
    const bool is_charset_known = is_text && (is_json || !charset.empty() || media::has_mark(bytes));
    if (!is_charset_known && !media::is_utf8(bytes)) {
        JsonObject out;
        out["base64"] = base64(bytes);
        return out;
    }
    media::Text text = media::to_utf8(std::move(bytes), is_text ? charset : "");
    seen.has_broken_text = text.has_replacements;
    if (text.is_label_unknown) seen.charset = charset;
    if (text.utf8.empty()) return nullptr;
    if (is_json || type.type.empty()) {
        if (auto parsed = parse_json(text.utf8, {.bytes_max = limits::kPayloadBytesMax}))
            return *std::move(parsed);
        seen.is_json_unread = is_json;
    }
    return Json(std::move(text.utf8));
}

Json response_output(HttpResponse response, Oddities& seen) {
    Json body = response_body(response, seen);
    JsonObject headers;
    for (Header& h : response.headers) {
        std::string name = detail::lower(h.name);
        if (name == "set-cookie") continue;
        std::string value = media::header_text(std::move(h.value));
        if (Json* known = headers.if_contains(name))
            *known = std::string(text_of(*known)) + ", " + value;
        else
            headers[name] = std::move(value);
    }
    JsonObject out;
    out["status"] = response.status;
    out["headers"] = std::move(headers);
    out["body"] = std::move(body);
    return out;
}

Verdict judge(int status, runstate::Effect effect) {
    if ((status >= 200 && status < 300) || status == 304) return Verdict::kOk;
    if (status == 408 || status == 425 || status == 429 || status == 503) return Verdict::kRetry;
    if (status >= 500) return effect == runstate::Effect::kUnsafe ? Verdict::kUnknown : Verdict::kRetry;
    return Verdict::kFail;
}

runstate::ErrorClass class_of(int status) {
    using runstate::ErrorClass;
    if (status == 401 || status == 403) return ErrorClass::kAuth;
    if (status == 429) return ErrorClass::kRateLimited;
    if (status == 408) return ErrorClass::kTimeout;
    return status >= 500 ? ErrorClass::kUnavailable : ErrorClass::kRejected;
}

std::string failure_message(int status, const Json& body) {
    if (status >= 300 && status < 400)
        return fmt::format("The provider answered {}: redirects are not followed", status);
    std::string_view text = message_in(body);
    // A proxy's HTML page helps nobody in a list of runs; the whole body is in the step's log.
    if (text.empty() || text.find('<') < 3) return fmt::format("The provider answered {}", status);
    return fmt::format("The provider answered {}: {}", status, one_line(text));
}

std::optional<Millis> retry_after(const HttpResponse& response, Instant now) {
    std::string_view text = header(response, "retry-after");
    if (text.empty()) return std::nullopt;
    std::int64_t seconds = -1;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (ec == std::errc{} && end == text.data() + text.size())
        return seconds >= 0 && seconds <= 86'400 * 366 ? std::optional(Millis(seconds * 1000)) : std::nullopt;
    auto at = http_date(text);
    if (!at) return std::nullopt;
    return std::max(Millis(0), std::chrono::ceil<Millis>(*at - now));
}

}  // namespace weft::connector
