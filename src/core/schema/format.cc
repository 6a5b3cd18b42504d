#include "base/id.h"
#include "core/schema/detail/compiled.h"

#include <chrono>
#include <string_view>

namespace weft::schema {

namespace {

/// Reads `digits` decimal digits off the front; -1 if they are not there.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

bool take_date(std::string_view& text) {
    int year = take_number(text, 4);
    if (year < 0 || !take(text, "-")) return false;
    int month = take_number(text, 2);
    if (month < 0 || !take(text, "-")) return false;
    int day = take_number(text, 2);
    if (day < 0) return false;
    return (std::chrono::year(year) / month / day).ok();
}

bool take_clock(std::string_view& text, bool with_seconds) {
    int hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take(text, ":")) return false;
    int minute = take_number(text, 2);
    if (minute < 0 || minute > 59) return false;
    if (!with_seconds) return true;
    if (!take(text, ":")) return false;
    int second = take_number(text, 2);
    if (second < 0 || second > 60) return false;
    if (!take(text, ".")) return true;
    if (take_number(text, 1) < 0) return false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
    return true;
}

bool take_time(std::string_view& text) {
    if (!take_clock(text, true)) return false;
    if (take(text, "Zz")) return true;
    return take(text, "+-") && take_clock(text, false);
}

/// One @ with something on both sides, no blanks: what can be said without sending a mail.
bool is_email(std::string_view text) {
    std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 320) return false;
    for (char c : text)
        if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F') return false;
    return text.substr(0, at).find('@') == std::string_view::npos;
}

/// scheme ":" and no blanks or control characters.
bool is_uri(std::string_view text) {
    std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    for (std::size_t i = 0; i < colon; ++i) {
        char c = text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_other)) return false;
    }
    for (char c : text)
        if (static_cast<unsigned char>(c) <= ' ' || c == '\x7F') return false;
    return true;
}

}  // namespace

bool fits_format(Format format, std::string_view text) {
    switch (format) {
        case Format::kNone:
            return true;
        case Format::kDate:
            return take_date(text) && text.empty();
        case Format::kTime:
            return take_time(text) && text.empty();
        case Format::kDateTime:
            return take_date(text) && take(text, "Tt") && take_time(text) && text.empty();
        case Format::kEmail:
            return is_email(text);
        case Format::kUuid:
            return Uuid::parse(text).has_value();
        case Format::kUri:
            return is_uri(text);
    }
    return true;
}

std::string_view type_name(const Json& value) {
    switch (value.kind()) {
        case JsonKind::kNull:
            return "null";
        case JsonKind::kBool:
            return "a boolean";
        case JsonKind::kNumber:
            return "a number";
        case JsonKind::kString:
            return "a string";
        case JsonKind::kArray:
            return "an array";
        case JsonKind::kObject:
            return "an object";
    }
    return "";
}

}  // namespace weft::schema
