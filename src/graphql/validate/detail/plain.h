#pragma once

#include "graphql/validate/validate.h"

#include <string>
#include <string_view>

namespace weft::graphql::detail {

Json string(std::string_view text);
/// A literal without variables as JSON, enum values as strings. Recursion is bounded by the parser's depth.
Json plain(const Value& literal);

}  // namespace weft::graphql::detail
