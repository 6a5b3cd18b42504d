#include "platform/http/detail/test_server.h"
#include "platform/rt/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using ::testing::StartsWith;
using testing::TestServer;

/// Answers with how many bytes have come, and the largest piece.
rt::Task<Result<Response>> count(Request request) {
    std::size_t bytes = 0;
    std::size_t largest = 0;
    for (;;) {
        CO_TRY(std::string piece, co_await request.incoming->read(request.deadline));
        if (piece.empty()) break;
        bytes += piece.size();
        largest = std::max(largest, piece.size());
    }
    co_return Response::text(200, std::to_string(bytes) + (largest > (1u << 20) ? " large" : " small"));
}

rt::Task<Result<Response>> ignore(Request) {
    co_return Response::text(403, "no");
}

RouteOptions streaming(std::size_t most) {
    RouteOptions options;
    options.body_bytes_max = 10;
    options.streaming = {
        .wants = [](const Request& head) { return !head.headers.find("x-whole"); },
        .body_bytes_max = most,
        .timeout = 10s
    };
    return options;
}

std::string post(std::size_t length, std::string more = "") {
    return "POST /s HTTP/1.1\r\nHost: x\r\ncontent-length: " + std::to_string(length) + "\r\n" + more +
           "\r\n";
}

struct Incoming : ::testing::Test {
    void begin(std::size_t most, Handler handler = count, ServerOptions options = {}) {
        live.emplace(std::move(options));
        live->router().add(Method::kPost, "/s", std::move(handler), streaming(most));
        live->start();
    }
    std::optional<TestServer> live;
};

TEST_F(Incoming, ComesInPiecesAndTheConnectionGoesOn) {
    begin(100u << 20);
    RawClient client(live->port());
    constexpr std::size_t kSize = 20u << 20;
    client.send(post(kSize));
    client.send(std::string(kSize, 'x'));
    EXPECT_THAT(client.read_until("small"), HasSubstr(std::to_string(kSize)));
    EXPECT_LT(live->stats().body_bytes, 1u << 20) << "all of it was charged";
    client.send(
        "POST /s HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    );
    EXPECT_THAT(client.read_until("small"), HasSubstr("\r\n\r\n5 "));
    client.send(post(0));
    EXPECT_THAT(client.read_until("small"), HasSubstr("\r\n\r\n0 "));
}

TEST_F(Incoming, ALimitIsTheServersToSay) {
    begin(100);
    RawClient stated(live->port());
    stated.send(post(101));
    EXPECT_THAT(stated.read_all(), StartsWith("HTTP/1.1 413"));
    RawClient chunked(live->port());
    chunked.send(
        "POST /s HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x') +
        "\r\n"
    );
    EXPECT_THAT(chunked.read_all(), StartsWith("HTTP/1.1 413"));
    RawClient whole(live->port());
    whole.send(post(11, "x-whole: 1\r\n"));
    EXPECT_THAT(whole.read_all(), StartsWith("HTTP/1.1 413")) << "the route's own limit";
}

TEST_F(Incoming, WhatIsNotReadEndsTheConnection) {
    begin(100u << 20, ignore);
    RawClient client(live->port());
    client.send(post(1'000'000) + std::string(1'000, 'x'));
    const std::string answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(answer, HasSubstr("connection: close"));
}

TEST_F(Incoming, ASenderThatStallsIsTold) {
    begin(100u << 20, count, {.body_grace = 100ms});
    RawClient client(live->port());
    client.send(post(1'000) + "x");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST_F(Incoming, TheSenderIsAskedToContinue) {
    begin(100);
    RawClient client(live->port());
    client.send(post(3, "expect: 100-continue\r\n"));
    EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
    client.send("abc");
    EXPECT_THAT(client.read_until("small"), HasSubstr("3 "));
}

rt::Task<void> half(StreamWriter writer) {
    std::string chunk = "half";
    (void)co_await writer.write(std::move(chunk));
}
rt::Task<Result<Response>> of_length(Request, std::uint64_t length) {
    Response response = Response::empty(200);
    response.stream = half;
    response.stream_length = length;
    co_return response;
}

TEST(StreamOfLength, SaysItAndIsCutOffWhenItIsShorter) {
    TestServer live;
    live.router().add(Method::kGet, "/4", [](Request r) { return of_length(std::move(r), 4); });
    live.router().add(Method::kGet, "/8", [](Request r) { return of_length(std::move(r), 8); });
    live.start();
    RawClient client(live.port());
    client.send("GET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string first = client.read_until("half");
    EXPECT_THAT(first, HasSubstr("content-length: 4"));
    EXPECT_THAT(first, ::testing::Not(HasSubstr("chunked")));
    client.send("HEAD /4 HTTP/1.1\r\nHost: x\r\n\r\nGET /8 HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string rest = client.read_all();
    EXPECT_THAT(rest, HasSubstr("content-length: 8"));
    EXPECT_THAT(rest, ::testing::EndsWith("\r\n\r\nhalf")) << "and the connection was closed";
}

}  // namespace
}  // namespace weft::http
