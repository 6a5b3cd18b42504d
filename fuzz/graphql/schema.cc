#include "graphql/schema/schema.h"

#include <cstdint>
#include <cstdlib>

/// A schema that was accepted prints as SDL that is accepted, and prints the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft::graphql;
    const auto document = parse({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    const auto schema = build_schema(**document);
    if (!schema) {
        if (schema.error().message.empty() || schema.error().at > size) std::abort();
        return 0;
    }
    const Mask all = everything(**schema);
    const std::string printed = print_schema(View(**schema, all));
    const auto printed_document = parse(printed, trusted_parse_limits());
    if (!printed_document) std::abort();
    const auto again = build_schema(**printed_document);
    if (!again) std::abort();
    const Mask all_again = everything(**again);
    if (print_schema(View(**again, all_again)) != printed) std::abort();
    return 0;
}
