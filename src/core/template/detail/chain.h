#pragma once

#include "core/template/detail/lexer.h"
#include "core/template/template.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace weft::templates::detail {

/// Reads the static member chain that starts at token `at` (`.a`, `?.a`, `["a"]`, `[0]`); returns the index
/// behind it.
std::size_t read_keys(const std::vector<Token>& tokens, std::size_t at, std::vector<Path::Key>& keys);

/// A name in the place of a variable that may come from outside the expression.
bool is_variable(const Token& token);

/// `at` bytes into `text`, counted as people do.
Place place_of(std::string_view text, std::size_t at, std::string_view field);

Error error_at(const Place& place, std::string_view message);

}  // namespace weft::templates::detail
