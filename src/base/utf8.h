#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 as the Unicode standard has it, and nothing else: no surrogates, no overlong forms, nothing beyond
/// U+10FFFF.
namespace weft::utf8 {

/// Length of the sequence that `text` begins with; 0 when there is none.
std::size_t sequence_length(std::string_view text);
/// The code point of one whole sequence.
char32_t decode(std::string_view sequence);
void append(std::string& out, char32_t code_point);

bool is_valid(std::string_view text);

/// What follows is about valid text.

std::size_t code_points(std::string_view text);
/// As JavaScript counts.
std::size_t utf16_units(std::string_view text);
/// The longest beginning of at most `bytes_max` that does not end inside a character.
std::string_view prefix(std::string_view text, std::size_t bytes_max);

}  // namespace weft::utf8
