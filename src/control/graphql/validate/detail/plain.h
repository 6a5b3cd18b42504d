#pragma once

#include "control/graphql/validate/validate.h"

#include <string>
#include <string_view>

namespace weft::graphql::detail {

Json string(std::string_view text);
/// A literal number as JSON: exact up to 64 bits, else the nearest double.
Json number(std::string_view text);
/// A literal without variables as JSON, enum values as strings. Recursion is bounded by the parser's depth.
Json plain(const Value& literal);
/// A JSON number with all its digits: 1000 rather than 1E3.
std::string number_text(const Json& number);

}  // namespace weft::graphql::detail
