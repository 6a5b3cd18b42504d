#include "platform/http/address.h"
#include "platform/http/detail/body_budget.h"
#include "platform/http/detail/test_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace weft::http {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using ::testing::StartsWith;
using testing::TestServer;

constexpr std::size_t kLimit = 64u << 10;

std::string head(std::string_view path, std::size_t length, std::string_view more = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\ncontent-length: " + std::to_string(length) +
           "\r\n" + std::string(more) + "\r\n";
}

rt::Task<Result<Response>> length(Request request) {
    co_return Response::text(200, std::to_string(request.body.size()));
}

rt::Task<Result<Response>> note(Request request) {
    co_return Response::text(200, *std::static_pointer_cast<const std::string>(request.note));
}

/// Lets in whoever sends `x-key`, which also names the share.
rt::Task<Result<Pass>> wants_key(const Request& request) {
    co_await rt::yield();
    const auto key = request.headers.find("x-key");
    if (!key) co_return fail(Error::unauthenticated("No key"));
    if (*key == "broken") throw std::runtime_error("a bug");
    std::string share(*key);
    auto found = std::make_shared<const std::string>("known " + share);
    co_return Pass{.refusal = {}, .share = std::move(share), .note = std::move(found)};
}

class AdmissionTest : public ::testing::Test {
  protected:
    void start(ServerOptions options) {
        live_ = std::make_unique<TestServer>(std::move(options));
        live_->router().add(Method::kPost, "/open", length, {.body_bytes_max = kLimit});
        live_->router().add(Method::kPost, "/gated", note, {.body_bytes_max = kLimit, .gate = wants_key});
        live_->start();
    }
    /// Sends `bytes` of a body that never ends.
    std::unique_ptr<RawClient> unfinished(
        std::size_t bytes, const char* from = nullptr, std::string more = ""
    ) {
        auto client = std::make_unique<RawClient>(live_->port(), from);
        EXPECT_TRUE(client->send(head(more.empty() ? "/open" : "/gated", kLimit, more)));
        EXPECT_TRUE(client->send(std::string(bytes, 'x')));
        return client;
    }
    void wait_for_bytes(std::size_t bytes) {
        for (int i = 0; i < 2'000 && live_->stats().body_bytes != bytes; ++i) std::this_thread::yield();
        while (live_->stats().body_bytes < bytes) std::this_thread::yield();
    }
    std::string post(std::size_t bytes, const char* from = nullptr, std::string more = "") {
        RawClient client(live_->port(), from);
        client.send(head(more.empty() ? "/open" : "/gated", bytes, more) + std::string(bytes, 'x'));
        return client.read_answer();
    }
    std::unique_ptr<TestServer> live_;
};

ServerOptions with(BodyLimits bodies) {
    ServerOptions options;
    options.bodies = bodies;
    return options;
}

TEST_F(AdmissionTest, AGateRefusesBeforeTheBodyIsSent) {
    start({});
    RawClient client(live_->port());
    client.send(head("/gated", kLimit));  // and not one byte of the body
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 401"));
    // Control: without a gate the server waits for the body.
    EXPECT_THAT(post(3), HasSubstr("\r\n\r\n3"));
}

TEST_F(AdmissionTest, WhatAGateFoundOutReachesTheHandler) {
    start({});
    EXPECT_THAT(post(3, nullptr, "x-key: a\r\n"), HasSubstr("known a"));
}

TEST_F(AdmissionTest, AGateThatThrowsIsAnInternalError) {
    start({});
    RawClient client(live_->port());
    client.send(head("/gated", 3, "x-key: broken\r\n") + "abc");
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 500"));
}

TEST_F(AdmissionTest, UnfinishedBodiesOfOneAddressDoNotShutOutAnother) {
    start(with({.bytes_max = 1u << 20, .bytes_per_address_max = 100'000, .bytes_per_share_max = 1u << 20}));
    auto first = unfinished(60'000);
    wait_for_bytes(60'000);
    auto second = unfinished(60'000);
    auto answer = second->read_answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 429"));
    EXPECT_THAT(answer, HasSubstr("retry-after: 1"));
    EXPECT_THAT(answer, HasSubstr("connection: close"));
    EXPECT_THAT(post(60'000, "127.0.0.2"), StartsWith("HTTP/1.1 200"));
    EXPECT_LE(live_->stats().body_bytes, 100'000u);
    EXPECT_EQ(live_->stats().refused_bodies, 1u);
}

TEST_F(AdmissionTest, WithoutLimitsUnfinishedBodiesAddUp) {  // the control of the test above
    start(with({.bytes_max = 1u << 30, .bytes_per_address_max = 1u << 30, .bytes_per_share_max = 1u << 30}));
    auto first = unfinished(60'000);
    auto second = unfinished(60'000);
    wait_for_bytes(120'000);
    EXPECT_EQ(live_->stats().body_bytes, 120'000u);
}

TEST_F(AdmissionTest, OwnersHaveAShareOfTheirOwn) {
    start(with({.bytes_max = 1u << 20, .bytes_per_address_max = 1u << 20, .bytes_per_share_max = 100'000}));
    auto first = unfinished(60'000, "127.0.0.2", "x-key: a\r\n");
    wait_for_bytes(60'000);
    auto second = unfinished(60'000, "127.0.0.3", "x-key: a\r\n");
    EXPECT_THAT(second->read_answer(), StartsWith("HTTP/1.1 429"));
    EXPECT_THAT(post(60'000, "127.0.0.3", "x-key: b\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdmissionTest, TheProcessHasALimitOfItsOwn) {
    start(with({.bytes_max = 100'000, .bytes_per_address_max = 1u << 20, .bytes_per_share_max = 1u << 20}));
    auto first = unfinished(60'000, "127.0.0.2");
    wait_for_bytes(60'000);
    EXPECT_THAT(unfinished(60'000, "127.0.0.3")->read_answer(), StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(post(10'000, "127.0.0.3"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdmissionTest, BytesComeBackWhenABodyIsAnsweredOrItsConnectionEnds) {
    start({});
    EXPECT_THAT(post(60'000), StartsWith("HTTP/1.1 200"));
    auto client = unfinished(60'000);
    wait_for_bytes(60'000);
    client->close();
    wait_for_bytes(0);
    EXPECT_EQ(live_->stats().body_bytes, 0u);
}

TEST_F(AdmissionTest, ABodyThatStallsIsGivenUpLongBeforeItsTimeIsOver) {
    ServerOptions options;
    options.body_timeout = 1h;
    options.body_grace = 40ms;
    start(std::move(options));
    auto client = unfinished(100);
    EXPECT_THAT(client->read_all(), StartsWith("HTTP/1.1 408"));
}

TEST_F(AdmissionTest, ABodyThatFlowsIsGivenTime) {
    ServerOptions options;
    options.body_grace = 40ms;
    options.body_bytes_per_second_min = 1;  // each byte earns a second
    start(std::move(options));
    auto client = unfinished(100);
    std::size_t sent = 100;
    const auto end = std::chrono::steady_clock::now() + 5 * 40ms;
    while (std::chrono::steady_clock::now() < end && client->send("x")) wait_for_bytes(++sent);
    EXPECT_TRUE(client->send(std::string(kLimit - sent, 'x')));
    EXPECT_THAT(client->read_answer(), StartsWith("HTTP/1.1 200"));
}

TEST(BodyBudget, ForgetsWhoHoldsNothing) {
    BodyLimits limits;
    detail::BodyBudget budget(limits);
    {
        detail::BodyBudget::Lease lease(budget, "10.0.0.1", "tenant");
        EXPECT_EQ(lease.take(10), detail::BodyBudget::Verdict::kFine);
        EXPECT_EQ(budget.keys(), 2u);
    }
    EXPECT_EQ(budget.keys(), 0u);
    EXPECT_EQ(budget.bytes(), 0u);
}

TEST(ClientAddress, IsThePeerUnlessATrustedProxyNamesAnother) {
    const std::vector<std::string> proxies{"10.0.0.1", "10.0.0.2"};
    const Fields headers{{"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.2"}};
    EXPECT_EQ(client_address("198.51.100.7", headers, proxies), "198.51.100.7");
    EXPECT_EQ(client_address("10.0.0.1", headers, proxies), "203.0.113.9");
    EXPECT_EQ(client_address("10.0.0.1", {}, proxies), "10.0.0.1");
    EXPECT_EQ(client_address("10.0.0.1", {{"x-forwarded-for", "nonsense"}}, proxies), "10.0.0.1");
    EXPECT_EQ(client_address("10.0.0.1", {{"x-forwarded-for", "nonsense, 10.0.0.2"}}, proxies), "10.0.0.2");
}

TEST(ClientAddress, RepeatedHeadersAreOneList) {
    const std::vector<std::string> proxies{"10.0.0.1"};
    const Fields headers{{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-for", "203.0.113.9"}};
    EXPECT_EQ(client_address("10.0.0.1", headers, proxies), "203.0.113.9");
}

TEST(AddressKey, CountsAnIpv6HostAsOne) {
    EXPECT_EQ(address_key("2001:db8:1:2:3:4:5:6"), address_key("2001:db8:1:2::ffff"));
    EXPECT_NE(address_key("2001:db8:1:2::1"), address_key("2001:db8:1:3::1"));
    EXPECT_EQ(address_key("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(address_key("fe80::1%lo"), address_key("fe80::2"));
    EXPECT_EQ(address_key("unix"), "unix");
}

}  // namespace
}  // namespace weft::http
