#include "data/egress/egress.h"

#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/clock.h"

#include <gtest/gtest.h>

#include <tuple>

namespace weft::egress {
namespace {

bool is_allowed(const Policy& policy, std::string_view ip, std::uint16_t port = 443) {
    return policy.check(ip, port).has_value();
}

TEST(EgressPolicy, AllowsPublicAddressesOnUsualPorts) {
    const Policy policy;
    for (const char* ip :
         {"1.1.1.1",
          "8.8.8.8",
          "100.128.0.1",
          "172.32.0.1",
          "192.0.1.1",
          "2606:4700::1111",
          "2a00:1450:4001::1",
          "::ffff:8.8.8.8",
          "64:ff9b::808:808"}) {
        EXPECT_TRUE(is_allowed(policy, ip)) << ip;
    }
    EXPECT_TRUE(is_allowed(policy, "1.1.1.1", 80));
    EXPECT_TRUE(is_allowed(policy, "1.1.1.1", 8443));
    for (std::uint16_t port : {0, 22, 25, 110, 143, 445, 587, 993})
        EXPECT_FALSE(is_allowed(policy, "1.1.1.1", port));
}

TEST(EgressPolicy, DeniesWhatIsNotPublicInEverySpelling) {
    const Policy policy;
    for (const char* ip : {
             // IPv4: loopback, private, link-local and metadata, CGNAT, special, multicast, reserved
             "127.0.0.1",
             "127.255.255.254",
             "0.0.0.0",
             "10.0.0.1",
             "172.16.0.1",
             "172.31.255.255",
             "192.168.1.1",
             "169.254.169.254",
             "100.64.0.1",
             "100.100.100.200",
             "100.127.255.255",
             "192.0.0.1",
             "192.0.2.1",
             "192.88.99.1",
             "198.18.0.1",
             "198.19.255.255",
             "198.51.100.1",
             "203.0.113.1",
             "224.0.0.1",
             "239.255.255.255",
             "240.0.0.1",
             "255.255.255.255",
             "168.63.129.16",
             // IPv6: unspecified, loopback, ULA and metadata, link-local, multicast, documentation, discard
             "::",
             "::1",
             "fc00::1",
             "fd00:ec2::254",
             "fe80::1",
             "febf::1",
             "fec0::1",
             "ff02::1",
             "2001:db8::1",
             "3fff::1",
             "100::1",
             // IPv4 inside IPv6: mapped, compatible, NAT64 (and its local prefix), 6to4, Teredo
             "::ffff:127.0.0.1",
             "::ffff:7f00:1",
             "::ffff:10.0.0.1",
             "::127.0.0.1",
             "::ffff:0:127.0.0.1",
             "64:ff9b::7f00:1",
             "64:ff9b::a9fe:a9fe",
             "64:ff9b:1::7f00:1",
             "2002:7f00:1::",
             "2001:0:7f00:1::",
             // not an address at all
             "",
             "localhost",
             "2130706433",
             "0x7f.1",
             "127.1",
             "0177.0.0.1",
             "unix:/run/x.sock",
             "1.1.1.1 ",
             "fe80::1%eth0",
         }) {
        EXPECT_FALSE(is_allowed(policy, ip)) << ip;
    }
}

TEST(EgressPolicy, WhatIsBlockedIsNamedAsTheOptionWantsIt) {
    const Policy policy;
    for (const auto& [ip, port, where] : {
             std::tuple("10.1.2.3", 8080, "10.1.2.3:8080"),
             std::tuple("::1", 9000, "[::1]:9000"),
             std::tuple("93.184.216.34", 22, "93.184.216.34:22"),
         }) {
        auto checked = policy.check(ip, static_cast<std::uint16_t>(port));
        ASSERT_FALSE(checked);
        EXPECT_NE(checked.error().user.find(std::string("--egress-allow=") + where), std::string::npos)
            << checked.error().user;
        auto opened = Policy::parse({where});
        ASSERT_TRUE(opened);
        EXPECT_TRUE(is_allowed(*opened, ip, static_cast<std::uint16_t>(port)))
            << "the option does what is said";
    }
}

TEST(EgressPolicy, AllowancesOpenExactlyWhatTheySay) {
    auto policy = Policy::parse({"10.1.0.0/16", "127.0.0.1:8080", "[::1]:9000", "[fd00:1::]/32"});
    ASSERT_TRUE(policy) << policy.error().user;
    EXPECT_TRUE(is_allowed(*policy, "10.1.2.3", 22));
    EXPECT_FALSE(is_allowed(*policy, "10.2.0.1"));
    EXPECT_TRUE(is_allowed(*policy, "127.0.0.1", 8080));
    EXPECT_TRUE(is_allowed(*policy, "::ffff:127.0.0.1", 8080));  // the same destination
    EXPECT_FALSE(is_allowed(*policy, "127.0.0.1", 8081));
    EXPECT_FALSE(is_allowed(*policy, "127.0.0.2", 8080));
    EXPECT_TRUE(is_allowed(*policy, "::1", 9000));
    EXPECT_TRUE(is_allowed(*policy, "fd00:1::5"));
    EXPECT_FALSE(is_allowed(*policy, "fd00:2::5"));
    for (const char* bad :
         {"",
          "10.0.0.0/33",
          "10.0.0.0/-1",
          "localhost",
          "[::1",
          "127.0.0.1:70000",
          "127.0.0.1:",
          "10.0.0.0/8/8",
          "[::1]9000",
          "10.0.0.0/8 "}) {
        EXPECT_FALSE(Policy::parse({bad})) << bad;
    }
}

class EgressTest : public testing::Test {
  protected:
    EgressTest() : server(loop, router, clock, rng), client(loop) {
        router.add(http::Method::kGet, "/{rest...}", [this](http::Request) { return count(); });
        auto listening = server.listen_tcp("127.0.0.1", 0);
        EXPECT_TRUE(listening.has_value());
        port = listening.value_or(0);
    }
    ~EgressTest() override { loop.run_until_done(server.stop(rt::Deadline::in(2s))); }

    rt::Task<Result<http::Response>> count() {
        ++seen;
        co_return http::Response::text(302, "moved");
    }
    http::ClientResult get(const Policy& policy, const std::string& host) {
        Egress egress(client, policy);
        http::ClientRequest request{.url = "http://" + host + ":" + std::to_string(port) + "/x"};
        return loop.run_until_done(egress.send(TenantId(), std::move(request), rt::Deadline::in(10s)));
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    http::Router router;
    http::Server server;
    http::Client client;
    std::uint16_t port = 0;
    int seen = 0;
};

TEST_F(EgressTest, NoSpellingOfThisHostReachesIt) {
    for (const char* host :
         {"127.0.0.1",
          "localhost",
          "2130706433",
          "0x7f000001",
          "0177.0.0.1",
          "127.1",
          "0x7f.1",
          "[::ffff:127.0.0.1]",
          "[::ffff:7f00:1]",
          "0.0.0.0",
          "0",
          "localhost.",
          "LOCALHOST",
          "127.0.0.1.",
          "[::]"}) {
        auto sent = get(Policy(), host);
        ASSERT_FALSE(sent) << host;
        EXPECT_FALSE(sent.error().is_maybe_delivered) << host;
    }
    EXPECT_EQ(seen, 0);
    EXPECT_EQ(get(Policy(), "127.0.0.1").error().kind, http::Failure::kDenied);
}

// The control: the same request arrives once the operator allows its address; a redirect is an answer.
TEST_F(EgressTest, AnAllowedAddressIsReachedAndRedirectsAreReturned) {
    auto policy = Policy::parse({"127.0.0.1:" + std::to_string(port)});
    ASSERT_TRUE(policy);
    for (const char* host : {"127.0.0.1", "127.1"}) {
        auto sent = get(*policy, host);
        ASSERT_TRUE(sent) << host << ": " << sent.error().error.detail;
        EXPECT_EQ(sent->status, 302);
    }
    EXPECT_EQ(seen, 2);
}

TEST_F(EgressTest, ACallerCannotPinAnAddressOrASocket) {
    auto policy = Policy::parse({"127.0.0.1"});
    Egress egress(client, *policy);
    http::ClientRequest pinned{.url = "http://example.com/"};
    pinned.connect_to_ip = "127.0.0.1";
    auto sent = loop.run_until_done(egress.send(TenantId(), std::move(pinned), rt::Deadline::in(5s)));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, http::Failure::kDenied);
    http::ClientRequest socket{.url = "http://example.com/"};
    socket.unix_socket = "/run/anything.sock";
    sent = loop.run_until_done(egress.send(TenantId(), std::move(socket), rt::Deadline::in(5s)));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, http::Failure::kDenied);
}

}  // namespace
}  // namespace weft::egress
