#include "base/json.h"
#include "data/ingress/detail/request.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

/// The first line is a Content-Type, the second a Content-Encoding, the rest a delivery's body: what a run
/// would see of it is JSON, in UTF-8, within the limit of a payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    http::Request request;
    for (const char* name : {"content-type", "content-encoding"}) {
        const auto end = std::min(rest.find('\n'), rest.size());
        if (end > 0) request.headers.add(name, std::string(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    request.method = http::Method::kPost;
    request.body = rest;
    const auto codings = http::codings_of(request.headers);
    if (!codings) return 0;
    const auto reading = ingress::detail::read_delivery(request, *codings);
    if (!reading) {
        if (reading.error().user.empty() || reading.error().field != "body") std::abort();
        return 0;
    }
    // Bytes that are no text become a file, of which the run sees the handle.
    if (!reading->bytes && !parse_json(reading->input)) std::abort();
    return 0;
}
