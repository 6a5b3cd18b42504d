#include "data/egress/services.h"

#include <gtest/gtest.h>

namespace weft::egress {
namespace {

bool is_allowed(const Policy& policy, Service service, std::uint16_t port, std::string_view ip = "1.1.1.1") {
    return check_service(policy, service, ip, port).has_value();
}

TEST(Services, HaveTheirOwnPortsAndTheSameAddresses) {
    const Policy policy;
    for (std::uint16_t port : {143, 993, 1993})
        EXPECT_TRUE(is_allowed(policy, Service::kMailbox, port)) << port;
    for (std::uint16_t port : {0, 25, 80, 443, 587})
        EXPECT_FALSE(is_allowed(policy, Service::kMailbox, port)) << port;
    EXPECT_TRUE(is_allowed(policy, Service::kDatabase, 5432));
    for (std::uint16_t port : {0, 80, 443, 993})
        EXPECT_FALSE(is_allowed(policy, Service::kDatabase, port)) << port;
    EXPECT_FALSE(is_allowed(policy, Service::kMailbox, 993, "127.0.0.1"));
    EXPECT_FALSE(is_allowed(policy, Service::kDatabase, 5432, "10.0.0.1"));
    const auto opened = Policy::parse({"127.0.0.1:993", "10.0.0.0/8"});
    ASSERT_TRUE(opened);
    EXPECT_TRUE(is_allowed(*opened, Service::kMailbox, 993, "127.0.0.1"));
    EXPECT_FALSE(is_allowed(*opened, Service::kMailbox, 143, "127.0.0.1"));
    EXPECT_TRUE(is_allowed(*opened, Service::kMailbox, 143, "10.0.0.1"));
}

}  // namespace
}  // namespace weft::egress
