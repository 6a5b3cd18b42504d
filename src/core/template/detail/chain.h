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

/// Places in a text, counted as people do. Asked for in rising order, each character is counted once, however
/// many places there are.
class Ruler {
  public:
    explicit Ruler(std::string_view text) : text_(text) {}
    /// `at` bytes into the text, not before the last place asked for.
    Place at(std::size_t at, std::string_view field);

  private:
    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    std::uint32_t column_ = 1;
};

/// One place alone.
Place place_of(std::string_view text, std::size_t at, std::string_view field);

Error error_at(const Place& place, std::string_view message);

}  // namespace weft::templates::detail
