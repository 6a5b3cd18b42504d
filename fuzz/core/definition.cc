#include "core/workflow/workflow.h"

#include <cstdint>
#include <cstdlib>

/// A workflow's text in either form, and all that is said of it without a catalog: no problems means that it
/// can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto format : {workflow::Format::kYaml, workflow::Format::kJson}) {
        const auto tree = workflow::read_text(text, format);
        if (!tree) {
            if (tree.error().user.empty()) std::abort();
            continue;
        }
        const bool is_good = workflow::problems(*tree).empty();
        if (is_good != workflow::parse(*tree).has_value()) std::abort();
    }
    return 0;
}
