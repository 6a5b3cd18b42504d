#include "graphql/language/detail/printer.h"
#include "graphql/language/language.h"

#include <fmt/format.h>

namespace weft::graphql {

std::string print(const Document& document) {
    detail::Printer printer;
    printer.document(document);
    return std::move(printer).text();
}

std::string print(const Value& value) {
    detail::Printer printer;
    printer.value(value);
    return std::move(printer).text();
}

std::string print(const TypeNode& type) {
    detail::Printer printer;
    printer.type(type);
    return std::move(printer).text();
}

void append_quoted(std::string& out, std::string_view text) {
    // U+0080 to U+009F, the second byte of which is that number, come as control characters too.
    static constexpr char kC1Lead = '\xC2';
    static constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetters = "\"\\bfnrt";
    out += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        if (const std::size_t which = kEscaped.find(c); which != std::string_view::npos) {
            (out += '\\') += kLetters[which];
        } else if (byte < 0x20 || byte == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04X}", byte);
        } else if (c == kC1Lead && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            fmt::format_to(std::back_inserter(out), "\\u{:04X}", static_cast<unsigned char>(text[++i]));
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace weft::graphql
