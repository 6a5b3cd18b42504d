#pragma once

#include "base/error.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weft::schema {

/// A pattern of JSON Schema, which is one of ECMA-262 by characters (its `u` flag), in RE2's syntax. What a
/// text is compared with is the expression and, where a repetition is too long for one, the number of its
/// characters.
struct Translated {
    std::string text;
    std::optional<std::size_t> length_min;
    std::optional<std::size_t> length_max;
};

/// Errors: kInvalid, a sentence. Refused is what RE2 cannot do in linear time (look-around, backreferences),
/// what ECMA-262 does not know (`\A`), and half a surrogate pair. Source: ECMA-262 22.2.1.
Result<Translated> translate_pattern(std::string_view ecma);

}  // namespace weft::schema
