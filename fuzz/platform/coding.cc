#include "platform/http/coding.h"

#include "platform/http/http.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

/// The first line is a Content-Encoding, the rest a body: what comes of it is no larger than it may be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    constexpr std::size_t kMost = 1u << 20;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    const std::string_view bytes = input.substr(std::min(end + 1, input.size()));
    const auto codings =
        http::codings_of(http::Fields{{"content-encoding", std::string(input.substr(0, end))}});
    if (!codings) return 0;
    if (codings->unknown.size() > 32) std::abort();
    const auto plain = http::decode_body(std::string(bytes), *codings, kMost);
    if (!plain) {
        if (plain.error().user.empty() || plain.error().field != "body") std::abort();
        return 0;
    }
    if (plain->body.size() > std::max(kMost, bytes.size())) std::abort();
    return 0;
}
