#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// A JavaScript tokenizer: enough to find where an expression ends and which names it uses, no grammar.
namespace weft::templates::detail {

enum class Kind : std::uint8_t {
    kName,      // identifier or keyword
    kNumber,    // includes BigInt
    kString,    // with its quotes
    kTemplate,  // a piece of a template literal between ` ${ } `
    kRegex,
    kPunctuator,  // one character, or one of ?. => ... ++ -- ${
};

struct Token {
    Kind kind;
    std::string_view text;
    std::size_t at = 0;     // byte offset in the scanned text
    std::size_t match = 0;  // for brackets: index of the partner

    bool is(std::string_view punctuator) const { return kind == Kind::kPunctuator && text == punctuator; }
    bool is_name(std::string_view name) const { return kind == Kind::kName && text == name; }
};

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

/// Reserved words and literals: names that never refer to a variable.
bool is_reserved(std::string_view name);

/// The language's own global names, which publish checks need not know.
bool is_global(std::string_view name);

}  // namespace weft::templates::detail
