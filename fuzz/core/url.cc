#include "core/connector/connector.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

/// What is taken as a URL is ASCII without blanks, and is the same when it is read again: who checks it and
/// who connects see one thing. What is refused says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto sent = [](std::string_view text) {
        JsonObject with;
        with["url"] = text;
        return connector::build_http_request(Json(std::move(with)), nullptr);
    };
    const auto once = sent(input);
    if (!once) {
        if (once.error().user.empty()) std::abort();
        return 0;
    }
    if (!std::ranges::all_of(once->url, [](char c) { return c > ' ' && c < '\x7F'; })) std::abort();
    const auto again = sent(once->url);
    if (!again || again->url != once->url) std::abort();
    if (*connector::origin_of(input) != *connector::origin_of(once->url)) std::abort();
    return 0;
}
