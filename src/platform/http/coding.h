#pragma once

#include "base/error.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::http {

class Fields;

/// What Content-Encoding says of a body, on both sides of the wire.
enum class Coding { kGzip, kDeflate, kBrotli, kZstd };

/// For accept-encoding.
inline constexpr const char* kCodingsWeKnow = "gzip, deflate, br, zstd";

struct Codings {
    std::vector<Coding> applied;  // in this order, hence undone from the back
    std::string unknown;  // the first that is none ("utf-8", "aws-chunked"), cut; such are passed over
};
/// "identity" counts as nothing. kInvalid: more than three of them.
Result<Codings> codings_of(const Fields& headers);

/// The most that a body of `bytes` may become: `bytes_max`, or 64 KiB and 200 times as much, if that is less.
/// Text rarely shrinks to a twentieth; a bomb to a thousandth.
std::size_t decoded_bytes_max(std::size_t bytes, std::size_t bytes_max);

struct Plain {
    std::string body;
    bool is_mislabelled = false;  // it does not begin as gzip or zstd do, and was taken as it is
};
/// Undoes the codings. Costs time that grows with the result: some 5 ms a MiB. kLimit, which names what was
/// passed; kInvalid: damaged or cut short. Both with field "body".
Result<Plain> decode_body(std::string body, const Codings& codings, std::size_t bytes_max);

}  // namespace weft::http
