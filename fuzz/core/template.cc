#include "core/template/template.h"

#include <cstdint>
#include <cstdlib>

/// Text with `{{ }}`, and the references of its expressions; the same bytes as the source of a code step.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (auto node = templates::parse(Json(text), "with")) {
        if (auto found = templates::references(*node); !found && found.error().user.empty()) std::abort();
    } else if (node.error().user.empty()) {
        std::abort();
    }
    (void)templates::references(text);
    (void)templates::check_source(text, "source");
    return 0;
}
