#include "graphql/metadata/metadata.h"

#include "base/json.h"

#include <cstdint>
#include <cstdlib>

/// Metadata that was imported is exported as a document that imports, and exports the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const auto json = parse_json({reinterpret_cast<const char*>(data), size});
    if (!json) return 0;
    const auto metadata = graphql::metadata::parse(*json);
    if (!metadata) {
        if (metadata.error().user.empty()) std::abort();
        return 0;
    }
    graphql::metadata::roles(*metadata);
    const Json exported = graphql::metadata::export_document(*metadata);
    const auto again = graphql::metadata::parse(exported);
    if (!again || graphql::metadata::export_document(*again) != exported) std::abort();
    return 0;
}
