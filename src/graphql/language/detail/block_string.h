#pragma once

#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// The value of a block string, given what stands between its quotes: common indentation and blank lines at
/// both ends removed, line ends made \n, `\"""` made `"""`.
std::string block_string_value(std::string_view raw);

/// Whether block_string_value(raw) is `raw`, for text without `\"""`: one line that is not blank, or nothing.
bool is_its_own_value(std::string_view raw);

/// A block string with its quotes that has this value. Lines are not indented.
std::string print_block_string(std::string_view value);

}  // namespace weft::graphql::detail
