#include "graphql/catalog/catalog.h"

namespace weft::graphql {

namespace {

std::string quoted(std::string_view text, char mark) {
    std::string out;
    out.reserve(text.size() + 2);
    out += mark;
    for (char c : text) {
        if (c == mark) out += mark;
        out += c;
    }
    out += mark;
    return out;
}

}  // namespace

std::string quote_identifier(std::string_view name) {
    return quoted(name, '"');
}

std::string quote(const QualifiedName& name) {
    return quote_identifier(name.schema) + "." + quote_identifier(name.name);
}

std::string quote_literal(std::string_view text) {
    return quoted(text, '\'');
}

}  // namespace weft::graphql
