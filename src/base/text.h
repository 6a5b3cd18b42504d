#pragma once

#include <string_view>

namespace weft {

/// Without the spaces and tabs at both ends: what protocols of lines call optional white space.
constexpr std::string_view trim(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

}  // namespace weft
