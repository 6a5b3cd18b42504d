#include "base/id.h"
#include "core/calendar/calendar.h"
#include "core/schema/detail/compiled.h"

#include <algorithm>
#include <cctype>
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

bool is_dotted(std::string_view text, auto is_char) {
    return !text.empty() && text.front() != '.' && text.back() != '.' &&
           text.find("..") == std::string_view::npos && std::ranges::all_of(text, is_char);
}

/// "127.0.0.1"
bool is_address(std::string_view text) {
    for (int i = 0; i < 4; ++i) {
        if (i > 0 && !take(text, ".")) return false;
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        const bool is_good = digits > 0 && digits <= 3 && (digits == 1 || text.front() != '0');
        if (!is_good || take_number(text, digits) > 255) return false;
    }
    return text.empty();
}

/// What can be said without sending a mail (RFC 5321, 4.1.2, and names of any script).
bool is_email(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 320) return false;
    const std::string_view local = text.substr(0, at);
    const std::string_view domain = text.substr(at + 1);
    auto is_printed = [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7F'; };
    const bool is_quoted = local.size() > 2 && local.front() == '"' && local.back() == '"';
    if (is_quoted && !std::ranges::all_of(local, is_printed)) return false;
    if (!is_quoted && !is_dotted(local, [&](char c) { return is_printed(c) && c != ' ' && c != '@'; }))
        return false;
    if (domain.starts_with("[IPv6:") && domain.ends_with(']')) return true;
    if (domain.starts_with('['))
        return domain.ends_with(']') && is_address(domain.substr(1, domain.size() - 2));
    return is_dotted(domain, [](char c) {
        return static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               c == '-' || c == '.';
    });
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
            return calendar::take_date(text) && text.empty();
        case Format::kTime:
            return calendar::take_time(text) && text.empty();
        case Format::kDateTime:
            return calendar::take_date(text) && take(text, "Tt") && calendar::take_time(text) && text.empty();
        case Format::kEmail:
            return is_email(text);
        case Format::kUuid:
            return Uuid::parse(text).has_value();
        case Format::kUri:
            return is_uri(text);
    }
    return true;
}

}  // namespace weft::schema
