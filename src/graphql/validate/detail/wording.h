#pragma once

#include "graphql/validate/validate.h"

#include <string>
#include <string_view>
#include <vector>

/// Texts that the coercion of variables and the rules have in common: Hasura's.
namespace weft::graphql::wording {

/// `"x"`, with the quotes.
std::string quoted(std::string_view text);
/// "a", "a or b", "a, b, or c".
std::string english_list(std::string_view joiner, const std::vector<std::string>& words);
/// A number as Hasura prints it: 2147483648 as "2.147483648e9", 1.5 as "1.5". `text` is a JSON number.
std::string scientific(std::string_view text);

/// What a leaf type expects: "a 32-bit integer" for Int, "an enum value"; empty for custom scalars.
std::string_view expected(const Type& type);
std::string_view found(const Value& value);
std::string_view found(const Json& value);

Failure mismatch(std::string_view expected, const Type& type, std::string_view found, std::string path);
/// null where `type` (non-null) does not take it.
Failure unexpected_null(TypeUse type, std::string path);
Failure unknown_enum_value(const View& view, const Type& type, std::string_view name, std::string path);
Failure unknown_member(const Type& type, std::string_view name, std::string path);
Failure missing_member(std::string_view name, std::string path);
Failure not_one_of(const Type& type, std::string path);
Failure out_of_range(const Type& type, std::string_view number, std::string path);

}  // namespace weft::graphql::wording
