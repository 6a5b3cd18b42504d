#include "platform/http/detail/request_parser.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace weft::http;
using State = detail::RequestParser::State;

/// What came of one stream: of each request its head, its body, and why the last was refused.
std::string outcome_of(std::string_view stream, std::size_t piece) {
    const ServerOptions options;
    detail::BodyBudget budget(options.bodies);
    std::string out;
    std::size_t at = 0;
    while (at < stream.size()) {
        detail::RequestParser parser(options);
        detail::BodyBudget::Lease lease(budget, "10.0.0.1", "tenant");
        std::size_t arrived = at;
        for (;;) {
            if (parser.state() == State::kHead) {
                if (!parser.has_body()) break;  // complete
                parser.limit_body(64u << 10, lease);
            }
            const std::size_t took = parser.feed(stream.substr(at, arrived - at));
            if (took > arrived - at) std::abort();
            at += took;
            if (parser.state() == State::kDone || parser.state() == State::kRefused) break;
            if (parser.state() == State::kHead || took > 0) continue;
            if (arrived == stream.size()) return out + "|unfinished";
            arrived = std::min(arrived + piece, stream.size());
        }
        if (parser.state() == State::kRefused) {
            if (parser.refusal().status < 400) std::abort();
            return out + "|refused";
        }
        const Request& request = parser.request();
        if (request.body.size() > (64u << 10) || budget.bytes() < request.body.size()) std::abort();
        out += "|" + request.raw_target + "\n" + request.body;
        if (!parser.is_keep_alive()) return out;
    }
    if (budget.bytes() != 0) std::abort();
    return out;
}

bool is_same(std::string_view stream, std::size_t piece) {
    return outcome_of(stream, stream.size()) == outcome_of(stream, piece);
}

}  // namespace

/// Requests on one connection: how they are cut into pieces on the way changes nothing, but for when a head
/// is refused: at its first wrong byte, or, where that came in a later piece, at the head's end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = std::size_t{data[0]} + 1;
    if (!is_same(stream, piece) && !is_same(std::string(stream) + "\r\n\r\n", piece)) std::abort();
    return 0;
}
