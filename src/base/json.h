#pragma once

#include "base/error.h"

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weft {

/// One JSON value of any kind. Objects keep their order. Integers are exact up to 64 bits.
using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

/// Bounds for text from outside; a tenant's document must not exhaust a trusted process.
struct JsonLimits {
    std::size_t bytes_max = 5u << 20;  // the webhook body limit
    std::size_t depth_max = 64;
    std::size_t nodes_max = 1'000'000;  // values of any kind: some 100 ms and 80 MB
};

/// Parses one complete JSON text. The error names the byte offset; duplicate object keys are refused. Takes
/// up to 100 ms at the limits: on a loop, text from outside goes through rt::offload.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

/// Compact text. Never fails: a Json holds nothing that JSON cannot say.
std::string to_text(const Json& value);

/// Readers for objects that we wrote ourselves or have validated; absent or of another kind gives the
/// fallback.
std::string_view text_or(const JsonObject& object, std::string_view key, std::string_view fallback = "");
std::int64_t int_or(const JsonObject& object, std::string_view key, std::int64_t fallback);

}  // namespace weft
