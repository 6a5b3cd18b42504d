#include "core/protocol/protocol.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

/// What a sandbox sends, and what it is sent, as one stream that arrives in pieces: what is a message is
/// written again as the bytes it was, and nothing is kept beyond what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    if (size == 0) return 0;
    const std::size_t piece = std::size_t{data[0]} + 1;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    protocol::FrameReader reader(64u << 10);
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        reader.feed(stream.substr(at, piece));
        for (;;) {
            const auto frame = reader.next();
            if (!frame) return 0;  // final
            if (!*frame) break;
            std::string again;
            if (const auto request = protocol::decode_request(**frame)) {
                if (!protocol::append(again, *request)) std::abort();
            } else if (const auto reply = protocol::decode_reply(**frame)) {
                if (!protocol::append(again, *reply)) std::abort();
            } else {
                continue;
            }
            if (std::string_view(again).substr(5) != (*frame)->body) std::abort();
        }
        if (reader.pending() > stream.size()) std::abort();
    }
    return 0;
}
