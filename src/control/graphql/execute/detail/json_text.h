#pragma once

#include <cstddef>
#include <string_view>

namespace weft::graphql::detail {

/// Is this one complete JSON text, not nested deeper than `depth_max`? Reads it once and keeps nothing.
bool is_json(std::string_view text, std::size_t depth_max);

}  // namespace weft::graphql::detail
