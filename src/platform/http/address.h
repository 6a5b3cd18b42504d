#pragma once

#include "platform/http/http.h"

#include <span>
#include <string>
#include <string_view>

namespace weft::http {

/// Who sent a request: the TCP peer, or, when that is a trusted proxy, the last address of X-Forwarded-For
/// that is not one; entries before it are the client's own word. What is no IP address is not believed.
std::string client_address(
    std::string_view peer, const Fields& headers, std::span<const std::string> trusted_proxies
);

/// What one party has to itself, for limits per address: an IPv4 address, or the /64 of an IPv6 address,
/// since a host owns all 2^64 of them. Other text (such as "unix") is its own key.
std::string address_key(std::string_view address);

}  // namespace weft::http
