#include "base/bytes.h"
#include "base/utf8.h"
#include "core/alert/alert.h"

#include <fmt/format.h>

#include <functional>

namespace weft::alert {

namespace {

constexpr std::string_view kInvisible = "\xe2\x80\x8b";  // zero width space
constexpr std::size_t kTextBytesMax = 300;               // of a tenant's text in a message
constexpr std::size_t kLinesMax = 20;  // ends in a message that people read; the others are a number

using Clean = std::function<std::string(std::string_view)>;

/// One line of valid UTF-8 of bounded length, without characters that turn the direction of text.
std::string one_line(std::string_view text) {
    std::string out;
    while (!text.empty() && out.size() < kTextBytesMax) {
        const std::size_t length = utf8::sequence_length(text);
        const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(piece.size());
        const auto first = static_cast<unsigned char>(piece.front());
        const bool is_control = first < 0x20 || first == 0x7f ||
                                (first == 0xc2 && length == 2 && static_cast<unsigned char>(piece[1]) < 0xa0);
        // U+2028..202E end lines and turn text, U+2066..2069 likewise.
        const bool is_turning = length == 3 && first == 0xe2 &&
                                ((piece[1] == '\x80' && static_cast<unsigned char>(piece[2]) >= 0xa8 &&
                                  static_cast<unsigned char>(piece[2]) <= 0xae) ||
                                 (piece[1] == '\x81' && static_cast<unsigned char>(piece[2]) >= 0xa6 &&
                                  static_cast<unsigned char>(piece[2]) <= 0xa9));
        if (length == 0) {
            out += "\xef\xbf\xbd";
        } else if (is_control || is_turning) {
            if (!out.empty() && out.back() != ' ') out += ' ';
        } else {
            out += piece;
        }
    }
    if (!text.empty()) out += "...";
    return out;
}

/// For Slack and what understands it: its three characters by their names; and behind what calls people,
/// makes code, or joins a link to a text in Markdown, a blank that nobody sees.
std::string for_chat(std::string_view text) {
    std::string out;
    for (const char c : one_line(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '@':
            case '`':
            case ']':
                out += c;
                out += kInvisible;
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string link(const Message& message, const Ended& end) {
    return message.public_url.empty() ? std::string() : message.public_url + "/runs/" + end.run.text();
}

std::string workflow_of(const Ended& end) {
    if (!end.workflow_name.empty()) return end.workflow_name;
    return end.workflow_key.empty() ? "A workflow that is deleted" : end.workflow_key;
}

std::string_view verb(runstate::RunStatus state) {
    switch (state) {
        case runstate::RunStatus::kSuccess:
            return "succeeded";
        case runstate::RunStatus::kCanceled:
            return "was canceled";
        default:
            return "failed";
    }
}

/// "3 runs failed", or of one "Orders failed".
std::string headline(const Message& message, const Clean& clean) {
    if (message.ends == 0) return "Test of the alert \"" + clean(message.rule_name) + "\"";
    if (message.ends == 1 && message.named.size() == 1)
        return clean(workflow_of(message.named.front())) + " " +
               std::string(verb(message.named.front().state));
    const bool is_failures = std::ranges::all_of(message.named, [](const Ended& end) {
        return end.state == runstate::RunStatus::kFailed;
    });
    return fmt::format("{} runs {}", message.ends, is_failures ? "failed" : "ended");
}

/// What people read, a line for each end; `clean` is what makes tenants' texts harmless where it is read.
std::string lines(const Message& message, const Clean& clean, std::string_view end_of_line) {
    std::string out;
    if (message.ends == 0) {
        out += "It works: this is where Weft tells you when runs end.";
        out += end_of_line;
        return out;
    }
    for (std::size_t i = 0; i < message.named.size() && i < kLinesMax; ++i) {
        const Ended& end = message.named[i];
        out += "- " + clean(workflow_of(end)) + " " + std::string(verb(end.state)) + " at " +
               rfc3339(end.ended_at);
        if (end.failure_kind) out += fmt::format(" ({})", runstate::name(*end.failure_kind));
        if (!end.step.empty()) out += " in step " + clean(end.step);
        if (!end.message.empty()) out += ": " + clean(end.message);
        if (const std::string url = link(message, end); !url.empty()) {
            out += end_of_line;
            out += "  " + url;
        }
        out += end_of_line;
    }
    const auto shown = static_cast<std::int64_t>(std::min(message.named.size(), kLinesMax));
    if (message.ends > shown) {
        out += fmt::format("and {} more", message.ends - shown);
        out += end_of_line;
    }
    return out;
}

/// RFC 2047, in words of at most 75 characters: no byte of the text is seen by who reads headers.
std::string header_text(std::string_view text) {
    constexpr std::size_t kPieceMax = 45;
    std::string out;
    while (!text.empty()) {
        std::string piece;
        while (!text.empty()) {
            const std::size_t length = std::max<std::size_t>(utf8::sequence_length(text), 1);
            if (piece.size() + length > kPieceMax) break;
            piece += text.substr(0, length);
            text.remove_prefix(length);
        }
        if (!out.empty()) out += "\r\n ";
        out += "=?UTF-8?B?" + base64(piece) + "?=";
    }
    return out;
}

std::string mail_date(Instant at) {
    static constexpr std::array<std::string_view, 7> kDayNames = {
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
    };
    static constexpr std::array<std::string_view, 12> kMonthNames = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
        kDayNames[std::chrono::weekday(day).c_encoding()],
        static_cast<unsigned>(date.day()),
        kMonthNames[static_cast<unsigned>(date.month()) - 1],
        static_cast<int>(date.year()),
        time.hours().count(),
        time.minutes().count(),
        time.seconds().count()
    );
}

}  // namespace

std::string webhook_body(const Message& message) {
    JsonArray runs;
    for (const Ended& end : message.named) {
        const std::string url = link(message, end);
        runs.push_back(JsonObject{
            {"id", end.run.text()},
            {"url", url.empty() ? Json(nullptr) : Json(url)},
            {"workflow",
             JsonObject{{"id", end.workflow.text()}, {"key", end.workflow_key}, {"name", end.workflow_name}}},
            {"state", runstate::name(end.state)},
            {"failure_kind", end.failure_kind ? Json(runstate::name(*end.failure_kind)) : Json(nullptr)},
            {"step", end.step.empty() ? Json(nullptr) : Json(end.step)},
            {"message", end.message.empty() ? Json(nullptr) : Json(end.message)},
            {"ended_at", rfc3339(end.ended_at)},
        });
    }
    return to_text(JsonObject{
        {"type", message.ends == 0 ? "test" : "runs.ended"},
        {"timestamp", rfc3339(message.made_at)},
        {"data",
         JsonObject{
             {"alert", JsonObject{{"id", message.rule.text()}, {"name", message.rule_name}}},
             {"count", message.ends},
             {"runs", std::move(runs)},
         }},
    });
}

std::string slack_body(const Message& message) {
    const std::string text = headline(message, for_chat) + "\n" + lines(message, for_chat, "\n");
    return to_text(JsonObject{{"text", text}});
}

std::string mail_text(
    const Message& message, std::string_view from, std::string_view to, std::string_view host
) {
    std::string out;
    out += "From: Weft <" + std::string(from) + ">\r\nTo: ";
    for (const char c : to) out += c == ',' ? std::string(",\r\n ") : std::string(1, c);
    out += "\r\nSubject: " + header_text("Weft: " + headline(message, one_line));
    out += "\r\nDate: " + mail_date(message.made_at);
    out += "\r\nMessage-ID: <" + message.id + "@" + std::string(host) + ">";
    out += "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0";
    out += "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = headline(message, one_line) + "\r\n\r\n" + lines(message, one_line, "\r\n") +
                             "\r\nSent by Weft for the alert \"" + one_line(message.rule_name) + "\".\r\n";
    const std::string coded = base64(body);
    for (std::size_t at = 0; at < coded.size(); at += 76) out += coded.substr(at, 76) + "\r\n";
    return out;
}

std::string signed_text(std::string_view id, std::int64_t timestamp, std::string_view body) {
    return fmt::format("{}.{}.{}", id, timestamp, body);
}

}  // namespace weft::alert
