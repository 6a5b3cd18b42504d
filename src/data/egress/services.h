#pragma once

#include "data/egress/egress.h"

namespace weft::egress {

/// What is spoken there that is no HTTP: each service has its own ports below 1024.
enum class Service : std::uint8_t { kMailbox /* 143, 993 */, kDatabase /* none */ };

/// As Policy::check, with the service's ports instead of 80 and 443.
Result<void> check_service(const Policy& policy, Service service, std::string_view ip, std::uint16_t port);

}  // namespace weft::egress
