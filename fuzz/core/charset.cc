#include "core/media/media.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

/// The first line is a Content-Type, the rest a text of it: what comes of it is UTF-8, at most three times as
/// long, and reads the same as UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    const std::string_view bytes = input.substr(std::min(end + 1, input.size()));
    const auto type = media::parse_content_type(input.substr(0, end));
    const auto text = media::to_utf8(std::string(bytes), type.charset);
    if (!media::is_utf8(text.utf8) || text.utf8.size() > 3 * bytes.size()) std::abort();
    const bool has_mark = media::has_mark(text.utf8);  // a second one is a character, until it is read again
    if (!has_mark && media::to_utf8(text.utf8, "utf-8").utf8 != text.utf8) std::abort();
    return 0;
}
