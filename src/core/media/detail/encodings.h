#pragma once

#include <span>
#include <string_view>

namespace weft::media::detail {

enum class Kind {
    kSingle,       // each byte is a character
    kMulti,        // ICU's converter, fed in pieces
    kReplacement,  // encodings that can hide ASCII from a filter: never decoded
    kUserDefined,  // bytes from 0x80 on at U+F780
};

/// One row of the Encoding Standard's table of labels.
struct Encoding {
    std::string_view name;
    const char* converter;  // ICU's
    Kind kind;
    std::string_view labels;  // lower case, separated by blanks
};

/// Where ICU's converter differs from the standard.
struct Patch {
    std::string_view encoding;
    unsigned char byte;
    char16_t unit;
};

std::span<const Encoding> encodings();
/// Null when the label is unknown. `label` is in lower case, without blanks around it.
const Encoding* find_encoding(std::string_view label);
std::span<const Patch> patches();

}  // namespace weft::media::detail
