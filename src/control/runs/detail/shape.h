#pragma once

#include "base/error.h"
#include "base/json.h"

#include <cstddef>
#include <string_view>

namespace weft::control {

inline constexpr std::size_t kShapeKeysMax = 200;
inline constexpr std::size_t kShapeRowsMax = 20;
inline constexpr std::size_t kShapeRowBytesMax = 4u << 10;
inline constexpr std::size_t kShapeExampleBytesMax = 256;

/// What the part of a value at `path` (a JSON pointer; "": all of it) is made of, as the API's
/// `run_value_shape` says it, with the first `rows` items of a list. One pass over the text, and no memory
/// but for what is said. `json` has been checked to be JSON when it was kept. Errors: kInvalid (no such
/// part).
Result<JsonObject> shape_of(std::string_view json, std::string_view path, std::size_t rows);

}  // namespace weft::control
