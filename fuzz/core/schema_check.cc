#include "core/schema/schema.h"

#include <cstdint>

/// `{"schema": ..., "value": ...}`: a schema that compiles, and a value checked with the work of a loop.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const auto both = parse_json({reinterpret_cast<const char*>(data), size});
    if (!both || !both->is_object()) return 0;
    const Json* schema = both->get_object().if_contains("schema");
    const Json* value = both->get_object().if_contains("value");
    if (schema == nullptr || value == nullptr) return 0;
    if (const auto compiled = schema::Schema::compile(*schema)) {
        (void)compiled->validate(*value, "", schema::Work::kQuick);
        (void)compiled->may_have({"a", "b", "c"});
    }
    return 0;
}
