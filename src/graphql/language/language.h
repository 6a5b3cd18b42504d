#pragma once

#include "graphql/language/ast.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

/// GraphQL text to tree and back: the September 2025 edition, executable documents and SDL. Pure, no I/O.
namespace weft::graphql {

/// Why a text is not GraphQL; `message` has the reference implementation's wording ("Syntax Error: ...").
struct SyntaxError {
    std::string message;
    std::uint32_t at = 0;  // byte offset
};

/// Bounds for text from outside. Reaching one is a SyntaxError that names it.
struct ParseLimits {
    std::size_t bytes_max = 256u << 10;
    std::size_t tokens_max = 5'000;
    int depth_max = 64;  // of nested selections, values and types together
};

/// No practical bounds: for our own schema text and tools. (Depth stays bounded: the parser recurses.)
ParseLimits trusted_parse_limits();

/// Parses one document (executable, SDL, or both). The Document owns a copy of `source`.
std::expected<std::unique_ptr<Document>, SyntaxError> parse(std::string_view source, ParseLimits limits = {});

/// Parses one value without variables, such as a default value or `initial_value`; in `Document::value`.
std::expected<std::unique_ptr<Document>, SyntaxError> parse_const_value(
    std::string_view source, ParseLimits limits = {}
);

/// Text in the reference implementation's canonical layout (`print` of npm graphql).
std::string print(const Document& document);
std::string print(const Value& value);
std::string print(const TypeNode& type);

/// Appends `text` as a GraphQL string literal with quotes (not a block string).
void append_quoted(std::string& out, std::string_view text);

/// 1-based, as GraphQL counts: \n, \r\n and \r end a line; columns count UTF-16 code units like npm graphql.
struct LineColumn {
    int line = 1;
    int column = 1;
};
LineColumn line_column(std::string_view source, std::uint32_t at);

}  // namespace weft::graphql
