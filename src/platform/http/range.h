#pragma once

#include "platform/http/http.h"

#include <cstdint>
#include <optional>

namespace weft::http {

/// Bytes `first` to `last`, both included.
struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// What a request asks for of `size` bytes (RFC 9110: "bytes=0-99", "bytes=100-", "bytes=-100"), and in
/// `response` the status and headers that say so. Several ranges, or another unit: all of it, as the RFC
/// allows. Nothing: none of it is there.
std::optional<Range> ranged(const Request& request, std::int64_t size, Response& response);
/// The 416 for that.
Response no_such_range(std::int64_t size, const RequestId& id);

}  // namespace weft::http
