#pragma once

#include "core/template/template.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// A JavaScript tokenizer: enough to find where an expression ends and which names it uses, no grammar.
namespace weft::templates::detail {

using Kind = TokenKind;

struct Scan {
    std::vector<Token> tokens;
    std::size_t end = 0;  // offset of the closing }} in kBraces, else the size of the text
};

struct ScanError {
    std::size_t at = 0;
    std::string message;
};

enum class Until { kEnd, kBraces };

/// Scans from `start`. Fails on unbalanced brackets, unfinished strings, comments, templates and regular
/// expressions, escapes in names (they would hide a reference), and with kBraces on a missing }}.
std::expected<Scan, ScanError> scan(std::string_view text, std::size_t start, Until until);

}  // namespace weft::templates::detail
