#include "data/egress/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::egress {

namespace {

constexpr std::uint16_t kUsualPort =
    443;  // of HTTP: what is said of an address with it holds for the address

/// In the order of the enum.
struct ServicePorts {
    std::array<std::uint16_t, 2> low;
    std::string_view words;
};
constexpr std::array<ServicePorts, 2> kServicePorts{{
    {{143, 993}, "mailboxes are asked on the ports 143, 993 and those from 1024 up"},
    {{0, 0}, "databases are asked on ports from 1024 up"},
}};

}  // namespace

Result<void> check_service(const Policy& policy, Service service, std::string_view ip, std::uint16_t port) {
    const ServicePorts& ports = kServicePorts.at(static_cast<std::size_t>(service));
    auto checked = policy.check(ip, port);
    const bool is_own = port != 0 && std::ranges::find(ports.low, port) != ports.low.end();
    if (is_own && !checked && policy.check(ip, kUsualPort)) return {};
    const bool is_of_http = port == 80 || port == kUsualPort;
    if (checked && is_of_http) return fail(Error::forbidden(fmt::format("{}: {}", ip, ports.words)));
    return checked;
}

}  // namespace weft::egress
