#include "base/json.h"

#include <cstdint>
#include <cstdlib>

/// What is read says the same when it is written and read again; what is refused says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const auto value = parse_json({reinterpret_cast<const char*>(data), size});
    if (!value) {
        if (value.error().user.empty()) std::abort();
        return 0;
    }
    const auto again = parse_json(to_text(*value), {.bytes_max = 64u << 20});
    if (!again || *again != *value) std::abort();
    return 0;
}
