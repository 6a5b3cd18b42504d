#pragma once

#include "base/error.h"

#include <string_view>

namespace weft::connector::detail {

/// May the author name Authorization and Cookie? Only in core/http without a connection.
enum class Credentials { kRefused, kAllowed };

/// Refuses what is no header name and the headers that frame a message, route it, or authenticate. kInvalid.
Result<> check_header_name(std::string_view name, Credentials credentials, std::string_view field);

}  // namespace weft::connector::detail
