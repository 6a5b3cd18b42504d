#include "graphql/plan/plan.h"

#include <cstdint>
#include <cstdlib>

/// A path has no more steps than characters; one that is refused says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto steps = weft::graphql::parse_json_path({reinterpret_cast<const char*>(data), size});
    if (!steps && steps.error().message.empty()) std::abort();
    if (steps && steps->size() > size) std::abort();
    return 0;
}
