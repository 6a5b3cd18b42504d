#include "base/bytes.h"
#include "platform/http/detail/test_server.h"
#include "platform/rt/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using ::testing::StartsWith;
using testing::TestServer;

constexpr std::string_view kGet = "GET /s HTTP/1.1\r\nHost: x\r\n\r\n";

rt::Task<void> three_chunks(StreamWriter writer) {
    for (const char* text : {"data: 1\n\n", "data: 2\n\n", "data: 3\n\n"}) {
        std::string chunk = text;
        if (!co_await writer.write(std::move(chunk))) co_return;
    }
}

rt::Task<Result<Response>> answer_with(StreamProducer producer) {
    Response response = Response::empty(200);
    response.headers.add("content-type", "text/event-stream");
    response.stream = std::move(producer);
    co_return response;
}

TEST(Stream, SendsChunksAndKeepsTheConnection) {
    TestServer live;
    live.router().add(Method::kGet, "/s", [](Request) { return answer_with(three_chunks); });
    live.start();
    RawClient client(live.port());
    client.send(kGet);
    std::string first = client.read_until("0\r\n\r\n");
    EXPECT_THAT(first, HasSubstr("transfer-encoding: chunked"));
    EXPECT_THAT(first, HasSubstr("9\r\ndata: 2\n\n\r\n"));
    client.send(std::string(kGet) + std::string(kGet));
    EXPECT_THAT(client.read_until("0\r\n\r\n"), HasSubstr("data: 3"));
    EXPECT_THAT(client.read_until("0\r\n\r\n"), HasSubstr("data: 3"));
}

struct Watched {
    std::promise<void> started;
    std::promise<rt::CancelReason> ended;
};

rt::Task<void> endless(StreamWriter writer, Watched& watched) {
    std::string hello = "hello";
    (void)co_await writer.write(std::move(hello));
    watched.started.set_value();
    (void)co_await rt::sleep_for(1h, writer.deadline());
    watched.ended.set_value(writer.deadline().reason());
}

TEST(Stream, TheProducerIsCancelledWhenThePeerGoesAway) {
    Watched watched;
    TestServer live;
    live.router().add(Method::kGet, "/s", [&](Request) {
        return answer_with([&](StreamWriter writer) { return endless(writer, watched); });
    });
    live.start();
    RawClient client(live.port());
    client.send(kGet);
    client.read_until("hello");
    client.close();
    EXPECT_EQ(watched.ended.get_future().get(), rt::CancelReason::kPeerGone);
}

TEST(Stream, DrainEndsStreamsAtOnceWithoutALastChunk) {
    Watched watched;
    TestServer live;
    live.router().add(Method::kGet, "/s", [&](Request) {
        return answer_with([&](StreamWriter writer) { return endless(writer, watched); });
    });
    live.start();
    RawClient client(live.port());
    client.send(kGet);
    watched.started.get_future().wait();
    live.stop(1h);
    EXPECT_EQ(watched.ended.get_future().get(), rt::CancelReason::kShutdown);
    EXPECT_THAT(client.read_all(), Not(EndsWith("0\r\n\r\n")));
}

rt::Task<void> flood(StreamWriter writer, std::promise<Error>& failed) {
    while (true) {
        std::string chunk(1u << 20, 'x');
        auto sent = co_await writer.write(std::move(chunk));
        if (!sent) {
            failed.set_value(sent.error());
            co_return;
        }
    }
}

TEST(Stream, APeerThatDoesNotReadIsCutOff) {
    std::promise<Error> failed;
    ServerOptions options;
    options.write_timeout = 100ms;
    TestServer live(options);
    live.router().add(Method::kGet, "/s", [&](Request) {
        return answer_with([&](StreamWriter writer) { return flood(writer, failed); });
    });
    live.start();
    RawClient client(live.port());
    client.send(kGet);
    Code code = failed.get_future().get().code;
    EXPECT_TRUE(code == Code::kTimeout || code == Code::kCancelled);
}

rt::Task<void> bug(StreamWriter writer) {
    std::string chunk = "partial";
    (void)co_await writer.write(std::move(chunk));
    throw std::runtime_error("bug");
}

TEST(Stream, AFaultInTheProducerCutsTheAnswerShort) {
    std::promise<std::string> fault;
    ServerOptions options;
    options.on_fault = [&](std::string what) { fault.set_value(std::move(what)); };
    TestServer live(options);
    live.router().add(Method::kGet, "/s", [](Request) { return answer_with(bug); });
    live.start();
    RawClient client(live.port());
    client.send(kGet);
    EXPECT_THAT(client.read_all(), Not(EndsWith("0\r\n\r\n")));
    EXPECT_EQ(fault.get_future().get(), "bug");
}

// --- WebSocket --------------------------------------------------------------------------------------------

rt::Task<void> echo_session(WebSocket socket) {
    while (true) {
        auto message = co_await socket.read(socket.deadline());
        if (!message) co_return;
        if (!co_await socket.write(std::move(*message), socket.deadline())) co_return;
    }
}

rt::Task<Result<Response>> upgrade(Request) {
    Response response;
    response.upgrade.emplace();
    response.upgrade->subprotocol = "graphql-transport-ws";
    response.upgrade->message_bytes_max = 100;
    response.upgrade->session = echo_session;
    co_return response;
}

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
    "13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";

/// A masked text frame with the all-zero mask.
std::string frame(std::string_view text) {
    std::string out = "\x81";
    out += static_cast<char>(0x80 | text.size());
    return out + std::string(4, '\0') + std::string(text);
}

TEST(WebSocket, EchoesAndClosesOnDrain) {
    TestServer live;
    live.router().add(Method::kGet, "/ws", upgrade);
    live.start();
    RawClient client(live.port());
    client.send(kUpgrade);
    std::string head = client.read_until("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101"));
    EXPECT_THAT(head, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    EXPECT_THAT(head, HasSubstr("graphql-transport-ws"));
    client.send(frame("ping pong"));
    EXPECT_EQ(client.read_until("pong"), "\x81\x09ping pong");
    live.begin_stop(10s);
    std::string rest = client.read_until(std::string("\x03\xe9"));  // close frame, 1001
    EXPECT_EQ(hex(rest).substr(0, 2), "88");
    client.close();
    live.join();
}

TEST(WebSocket, RefusesALargeMessageAndAPlainRequest) {
    TestServer live;
    live.router().add(Method::kGet, "/ws", upgrade);
    live.start();
    RawClient client(live.port());
    client.send(kUpgrade);
    client.read_until("\r\n\r\n");
    client.send(frame(std::string(101, 'x')));
    EXPECT_EQ(hex(client.read_all()).substr(4, 4), "03f1");  // 1009, message too big
    RawClient plain(live.port());
    plain.send("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(plain.read_all(), StartsWith("HTTP/1.1 400"));
}

rt::Task<Result<Response>> plain(Request request) {
    co_return Response::text(200, std::to_string(request.body.size()));
}

TEST(WebSocket, APlainRequestIsNotUpgradedWithTheHeadOfTheOneBefore) {
    TestServer live;
    live.router().add(Method::kGet, "/plain", plain);
    live.router().add(Method::kGet, "/ws", upgrade);
    live.start();
    RawClient client(live.port());
    std::string declined(kUpgrade);
    client.send(declined.replace(4, 3, "/plain"));
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 200"));
    client.send("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400"));
}

TEST(WebSocket, ADeclinedUpgradesBodyIsNotHeldByTheConnectionKeptAlive) {
    TestServer live;
    live.router().add(Method::kPost, "/plain", plain, {.body_bytes_max = 1u << 20});
    live.start();
    RawClient client(live.port());
    client.send(
        "POST /plain HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: "
        "100000\r\n\r\n" +
        std::string(100'000, 'x')
    );
    EXPECT_THAT(client.read_answer(), EndsWith("100000"));
    // Answered after the one before is over.
    client.send("POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(client.read_answer(), EndsWith("\r\n\r\n0"));
    EXPECT_EQ(live.stats().body_bytes, 0u);
}

}  // namespace
}  // namespace weft::http
