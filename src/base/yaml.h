#pragma once

#include "base/json.h"

#include <string_view>

namespace weft {

/// What a plain (unquoted) scalar of YAML says: null, true and false in the spellings of YAML 1.2's core
/// schema; a number where JSON has the same text, digit for digit; else a text. So `007` (a postcode),
/// `0x1F`, `.5`, `yes` and `on` are texts.
Json plain_scalar(std::string_view text);

}  // namespace weft
