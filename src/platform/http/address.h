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

/// The network that an address lies in, e.g. "203.0.113.0/24": where somebody came from, not who it was. ""
/// for what is no address.
struct NetworkBits {
    unsigned short v4_bits = 24;
    unsigned short v6_bits = 48;
};
std::string network_of(std::string_view address, NetworkBits bits);

}  // namespace weft::http
