#include "base/bytes.h"
#include "base/limits.h"
#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace weft::connector {

using detail::text_of;

namespace {

constexpr std::size_t kMessageBytesMax = 300;

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto lead = static_cast<unsigned char>(text[i]);
        std::size_t more = lead < 0x80                   ? 0
                           : lead >= 0xC2 && lead < 0xE0 ? 1
                           : lead >= 0xE0 && lead < 0xF0 ? 2
                                                         : 3;
        if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
        if (text.size() - i <= more) return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        if (more >= 2) {
            auto second = static_cast<unsigned char>(text[i + 1]);
            bool is_bad = (lead == 0xE0 && second < 0xA0) ||
                          (lead == 0xED && second > 0x9F) ||  // overlong, surrogates
                          (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
            if (is_bad) return false;
        }
        i += more + 1;
    }
    return true;
}

std::string_view header(const HttpResponse& response, std::string_view name) {
    for (const Header& h : response.headers)
        if (detail::same_header(h.name, name)) return h.value;
    return "";
}

bool says_json(std::string_view content_type) {
    std::string type = detail::lower(content_type.substr(0, content_type.find(';')));
    while (type.ends_with(' ')) type.pop_back();
    return type.empty() || type == "application/json" || type.ends_with("+json") || type == "text/json";
}

Json body_of(const HttpResponse& response) {
    if (response.body.empty()) return nullptr;
    if (says_json(header(response, "content-type")))
        if (auto parsed = parse_json(response.body, {.bytes_max = limits::kPayloadBytesMax}))
            return *std::move(parsed);
    if (is_utf8(response.body)) return Json(response.body);
    JsonObject bytes;
    bytes["base64"] = base64(response.body);
    return bytes;
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
    if (is_cut) {
        std::size_t end = kMessageBytesMax;
        while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
        text = text.substr(0, end);
    }
    std::string out(text);
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

Json response_output(HttpResponse response) {
    JsonObject headers;
    for (const Header& h : response.headers) {
        std::string name = detail::lower(h.name);
        if (name == "set-cookie" || !is_utf8(h.value)) continue;
        if (Json* known = headers.if_contains(name))
            *known = std::string(text_of(*known)) + ", " + h.value;
        else
            headers[name] = h.value;
    }
    JsonObject out;
    out["status"] = response.status;
    out["headers"] = std::move(headers);
    out["body"] = body_of(response);
    return out;
}

Verdict judge(int status, runstate::Effect effect) {
    if ((status >= 200 && status < 300) || status == 304) return Verdict::kOk;
    if (status == 408 || status == 425 || status == 429 || status == 503) return Verdict::kRetry;
    if (status >= 500) return effect == runstate::Effect::kUnsafe ? Verdict::kUnknown : Verdict::kRetry;
    return Verdict::kFail;
}

std::string failure_message(const HttpResponse& response) {
    if (response.status >= 300 && response.status < 400)
        return fmt::format("The provider answered {}: redirects are not followed", response.status);
    Json body = body_of(response);
    std::string_view text = message_in(body);
    // A proxy's HTML page helps nobody in a list of runs; the whole body is in the step's log.
    if (text.empty() || text.find('<') < 3) return fmt::format("The provider answered {}", response.status);
    return fmt::format("The provider answered {}: {}", response.status, one_line(text));
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
