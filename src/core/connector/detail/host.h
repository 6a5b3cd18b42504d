#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace weft::connector::detail {

/// A URL's host as the URL standard gives it: percent-decoded, letters of any script as "xn--..." in lower
/// case (UTS 46), an IPv4 address in any spelling as four decimal numbers, an IPv6 address in brackets in its
/// one canonical spelling. So whoever looks at it later, a check or the client, sees the same host. kInvalid
/// with `field`; the message names the host.
Result<std::string> normal_host(std::string_view text, std::string_view field);

}  // namespace weft::connector::detail
