#pragma once

#include "base/error.h"
#include "base/json.h"

#include <initializer_list>
#include <string>
#include <string_view>

/// Helpers for reading what people wrote: every error names the member's path.
namespace weft::connector::detail {

inline std::string_view text_of(const Json& value) {
    return {value.get_string().data(), value.get_string().size()};
}
std::string below(std::string_view field, std::string_view member);

/// kInvalid unless `value` is an object whose members are all among `known` or start with "x-".
Result<> check_members(
    const Json& value, std::initializer_list<std::string_view> known, std::string_view field
);

/// A text member of at most `bytes_max` bytes without control characters (newlines allowed in descriptions).
Result<std::string> read_text(
    const JsonObject& object, std::string_view key, std::string_view fallback, std::size_t bytes_max
);

/// A header name (RFC 9110 token).
bool is_token(std::string_view text);
/// A header value: no control characters but tab.
bool is_header_value(std::string_view text);
bool same_header(std::string_view a, std::string_view b);
std::string lower(std::string_view text);

}  // namespace weft::connector::detail
