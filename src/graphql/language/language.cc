#include "graphql/language/language.h"

#include "base/utf8.h"
#include "graphql/language/detail/lexer.h"
#include "graphql/language/detail/parser.h"

#include <algorithm>

namespace weft::graphql {
namespace {

template <class Read>
std::expected<std::unique_ptr<Document>, SyntaxError> parse_with(
    std::string_view source, const ParseLimits& limits, Read read
) {
    // A text beyond the limit is not copied; one byte more than allowed lets the parser see that it is too
    // long.
    auto out = std::make_unique<Document>(source.substr(0, std::min(source.size(), limits.bytes_max + 1)));
    detail::Parser parser(*out, limits);
    read(parser);
    if (parser.has_failed()) return std::unexpected(parser.error());
    return out;
}

}  // namespace

ParseLimits trusted_parse_limits() {
    return {.bytes_max = 256u << 20, .tokens_max = 64'000'000, .depth_max = 256};
}

std::expected<std::unique_ptr<Document>, SyntaxError> parse(std::string_view source, ParseLimits limits) {
    return parse_with(source, limits, [](detail::Parser& parser) { parser.document(); });
}

std::expected<std::unique_ptr<Document>, SyntaxError> parse_const_value(
    std::string_view source, ParseLimits limits
) {
    return parse_with(source, limits, [](detail::Parser& parser) { parser.const_value(); });
}

LineColumn line_column(std::string_view source, std::uint32_t at) {
    LineColumn out;
    const std::size_t end = std::min<std::size_t>(at, source.size());
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < end; ++i) {
        if (source[i] != '\n' && source[i] != '\r') continue;
        if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') {
            if (i + 1 == end) break;  // between the two: still on the line that they end
            ++i;
        }
        ++out.line;
        line_start = i + 1;
    }
    out.column = 1 + static_cast<int>(utf8::utf16_units(source.substr(line_start, end - line_start)));
    return out;
}

}  // namespace weft::graphql
