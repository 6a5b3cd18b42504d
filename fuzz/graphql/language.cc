#include "graphql/language/language.h"

#include <cstdint>
#include <cstdlib>

/// What was printed parses again and prints the same; values too; errors point into the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft::graphql;
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    if (const auto value = parse_const_value(source)) {
        const std::string printed = print((*value)->value);
        const auto again = parse_const_value(printed);
        if (!again || print((*again)->value) != printed) std::abort();
    }
    const auto document = parse(source);
    if (!document) {
        if (document.error().at > size || document.error().message.empty()) std::abort();
        line_column(source, document.error().at);
        return 0;
    }
    for (const Definition& each : (*document)->definitions) {
        if (each.at() >= size) std::abort();
    }
    const std::string printed = print(**document);
    const auto again = parse(printed, trusted_parse_limits());
    if (!again || print(**again) != printed) std::abort();
    return 0;
}
