#include "graphql/validate/validate.h"

#include "fixed_schema.h"

#include <cstdint>
#include <cstdlib>

/// Limits, then all rules, and introspection of what they accept: findings point into the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft::graphql;
    const auto document = parse({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    for (const Operation* operation : (*document)->operations) {
        // As a server does it: what exceeds the limits is not validated.
        if (!check_limits(**document, *operation, {})) return 0;
    }
    for (const Finding& each : validate(**document, fixed_view())) {
        if (each.message.empty() || each.hasura.message.empty()) std::abort();
        for (const std::uint32_t at : each.at) {
            if (at >= size) std::abort();
        }
    }
    return 0;
}
