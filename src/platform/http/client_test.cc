#include "platform/http/client.h"

#include "platform/http/detail/test_peers.h"
#include "platform/http/detail/test_server.h"
#include "platform/rt/scope.h"

#include <boost/beast/zlib/deflate_stream.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <netdb.h>

#include <filesystem>
#include <thread>

/// Stands before the C library's for libcurl's resolver threads: one name takes its time, the rest is as
/// ever.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** out) {
    if (host != nullptr && std::string_view(host) == "slow.example.test") {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        return EAI_NONAME;
    }
    using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, out);
}

namespace weft::http {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedPeer;
using testing::TestServer;

rt::Task<Result<Response>> describe(Request request) {
    std::string text = std::string(name(request.method)) + " " + request.raw_target + "\n";
    for (const auto& [key, value] : request.headers) text += key + "=" + value + "\n";
    co_return Response::text(200, text + "\n" + request.body);
}

rt::Task<Result<Response>> hang(Request request) {
    co_return fail((co_await rt::sleep_for(1h, request.deadline)).error());
}

rt::Task<Result<Response>> large(Request) {
    co_return Response::text(200, std::string(100'000, 'x'));
}

rt::Task<void> large_chunks(StreamWriter writer) {
    for (int i = 0; i < 100; ++i) {
        std::string chunk(1000, 'x');
        if (!co_await writer.write(std::move(chunk))) co_return;
    }
}

rt::Task<Result<Response>> large_stream(Request) {
    Response response;
    response.stream = large_chunks;
    co_return response;
}

std::string deflate(std::size_t zeros) {
    std::string plain(zeros, '\0'), out(zeros / 100 + 1000, '\0');
    boost::beast::zlib::deflate_stream stream;
    boost::beast::zlib::z_params state;
    state.next_in = plain.data();
    state.avail_in = plain.size();
    state.next_out = out.data();
    state.avail_out = out.size();
    boost::system::error_code ec;
    stream.write(state, boost::beast::zlib::Flush::finish, ec);
    out.resize(state.total_out);
    return out;
}

rt::Task<Result<Response>> bomb(Request) {
    Response response = Response::text(200, deflate(10'000'000));
    response.headers.add("content-encoding", "deflate");
    co_return response;
}

rt::Task<Result<Response>> redirect(Request) {
    Response response = Response::empty(302);
    response.headers.add("location", "/describe");
    co_return response;
}

rt::Task<Result<Response>> many_headers(Request) {
    Response response = Response::empty(200);
    for (int i = 0; i < 100; ++i) response.headers.add("x-" + std::to_string(i), std::string(900, 'y'));
    co_return response;
}

class ClientTest : public ::testing::Test {
  protected:
    ClientTest() {
        for (Method method : {Method::kGet, Method::kPost, Method::kPatch, Method::kDelete})
            live_.router().add(method, "/describe", describe);
        live_.router().add(Method::kGet, "/hang", hang, {.timeout = 1h});
        live_.router().add(Method::kGet, "/large", large);
        live_.router().add(Method::kGet, "/large-stream", large_stream);
        live_.router().add(Method::kGet, "/bomb", bomb);
        live_.router().add(Method::kGet, "/redirect", redirect);
        live_.router().add(Method::kGet, "/many-headers", many_headers);
        live_.start();
    }
    ClientRequest request(std::string path) {
        ClientRequest out;
        out.url = live_.url(path);
        return out;
    }
    ClientResult send(ClientRequest request, Steady::duration within = 10s) {
        return loop_.run_until_done(client_.send(std::move(request), rt::Deadline::in(within)));
    }
    std::uint64_t accepted() { return live_.stats().accepted; }

    TestServer live_;
    rt::Loop loop_;
    Client client_{loop_};
};

TEST_F(ClientTest, SendsAndReadsAndKeepsTheConnection) {
    for (int i = 0; i < 3; ++i) {
        auto answer = send(request("/describe?a=1"));
        ASSERT_TRUE(answer) << answer.error().error.detail;
        EXPECT_EQ(answer->status, 200);
        EXPECT_THAT(answer->body, HasSubstr("GET /describe?a=1\n"));
        EXPECT_EQ(answer->headers.get("Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(answer->peer_ip, "127.0.0.1");
        EXPECT_EQ(answer->is_reused, i > 0);
    }
    EXPECT_EQ(accepted(), 1u);
    EXPECT_EQ(client_.in_flight(), 0u);
}

TEST_F(ClientTest, SendsMethodHeadersAndBodyAsGiven) {
    for (const char* method : {"POST", "PATCH", "DELETE"}) {
        ClientRequest call = request("/describe");
        call.method = method;
        call.headers = {{"X-Empty", ""}, {"X-Key", "value"}};
        call.body = "the body";
        auto answer = send(std::move(call));
        ASSERT_TRUE(answer);
        EXPECT_THAT(answer->body, HasSubstr(std::string(method) + " /describe\n"));
        EXPECT_THAT(answer->body, HasSubstr("X-Empty=\n"));
        EXPECT_THAT(answer->body, HasSubstr("X-Key=value\n"));
        EXPECT_THAT(answer->body, HasSubstr("Content-Length=8\n"));
        EXPECT_THAT(answer->body, ::testing::Not(HasSubstr("Content-Type")));
        EXPECT_THAT(answer->body, ::testing::EndsWith("\n\nthe body"));
    }
    ClientRequest empty = request("/describe");
    empty.method = "POST";
    EXPECT_THAT(send(std::move(empty))->body, HasSubstr("Content-Length=0\n"));
    EXPECT_THAT(send(request("/describe"))->body, ::testing::Not(HasSubstr("Content-Length")));
    ClientRequest head = request("/large");
    head.method = "HEAD";
    head.body_bytes_max = 10;
    auto answer = send(std::move(head));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->headers.get("content-length"), "100000");
}

TEST_F(ClientTest, NeverSharesAConnectionAcrossPartitions) {
    for (const char* partition : {"a", "b", "a", "b"}) {
        ClientRequest call = request("/describe");
        call.partition = partition;
        ASSERT_TRUE(send(std::move(call)));
    }
    EXPECT_EQ(accepted(), 2u);
    EXPECT_EQ(client_.partitions(), 2u);
}

TEST_F(ClientTest, ClosesIdlePartitions) {
    ClientOptions options;
    options.partition_idle = 20ms;
    options.partitions_max = 2;
    Client client(loop_, options);
    for (const char* partition : {"a", "b", "c", "d"}) {
        ClientRequest call = request("/describe");
        call.partition = partition;
        ASSERT_TRUE(loop_.run_until_done(client.send(std::move(call), rt::Deadline::in(10s))));
        EXPECT_LE(client.partitions(), 2u);
    }
    for (int i = 0; i < 1000 && client.partitions() > 0; ++i)
        (void)loop_.run_until_done(rt::sleep_for(5ms, rt::Deadline::in(1s)));
    EXPECT_EQ(client.partitions(), 0u);
    for (int i = 0; i < 1000 && live_.stats().connections > 0; ++i)
        (void)loop_.run_until_done(rt::sleep_for(5ms, rt::Deadline::in(1s)));
    EXPECT_EQ(live_.stats().connections, 0u);
}

TEST_F(ClientTest, SaysWhetherAFailedRequestMayHaveArrived) {
    auto late = send(request("/hang"), 50ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, Failure::kTimeout);
    EXPECT_TRUE(late.error().is_maybe_delivered);
    EXPECT_EQ(late.error().error.code, Code::kTimeout);

    ClientRequest refused;
    refused.url = "http://127.0.0.1:1/";
    auto down = send(std::move(refused));
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().kind, Failure::kConnect);
    EXPECT_FALSE(down.error().is_maybe_delivered);

    ClientRequest plain = request("/describe");
    plain.url.replace(0, 4, "https");
    auto no_tls = send(std::move(plain));
    ASSERT_FALSE(no_tls);
    EXPECT_EQ(no_tls.error().kind, Failure::kTls);
    EXPECT_FALSE(no_tls.error().is_maybe_delivered);
    EXPECT_EQ(client_.in_flight(), 0u);
}

TEST_F(ClientTest, RefusesAnswersOverTheirLimits) {
    for (const char* path : {"/large", "/large-stream", "/bomb"}) {
        ClientRequest call = request(path);
        call.body_bytes_max = 50'000;
        auto answer = send(std::move(call));
        ASSERT_FALSE(answer) << path;
        EXPECT_EQ(answer.error().kind, Failure::kTooLarge) << path;
        EXPECT_TRUE(answer.error().is_maybe_delivered);
    }
    auto headers = send(request("/many-headers"));
    ASSERT_FALSE(headers);
    EXPECT_EQ(headers.error().kind, Failure::kTooLarge);
    ClientRequest fits = request("/bomb");  // but for its ratio
    fits.body_bytes_max = 10'000'000;
    auto answer = send(std::move(fits));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::kTooLarge);
}

Result<void> deny(std::string_view ip, std::uint16_t) {
    return fail(Error::forbidden("Calls to " + std::string(ip) + " are not allowed"));
}

TEST_F(ClientTest, AsksThePolicyBeforeConnecting) {
    ClientRequest call = request("/describe");
    call.check_address = deny;
    auto answer = send(std::move(call));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::kDenied);
    EXPECT_FALSE(answer.error().is_maybe_delivered);
    EXPECT_EQ(answer.error().error.user, "Calls to 127.0.0.1 are not allowed");
    ClientRequest by_name = request("/describe");
    by_name.url = "http://localhost:" + std::to_string(live_.port()) + "/describe";
    by_name.check_address = deny;
    EXPECT_EQ(send(std::move(by_name)).error().kind, Failure::kDenied);
    EXPECT_EQ(accepted(), 0u);
}

TEST_F(ClientTest, AsksThePolicyAgainForAKeptConnection) {
    ASSERT_TRUE(send(request("/describe")));
    ClientRequest call = request("/describe");
    call.check_address = deny;
    auto answer = send(std::move(call));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::kDenied);
    EXPECT_FALSE(answer.error().is_maybe_delivered);
    EXPECT_EQ(live_.stats().requests, 1u);
}

TEST_F(ClientTest, PinsTheAddressButKeepsTheName) {
    ClientRequest call = request("/describe");
    call.url = "http://api.example.invalid:" + std::to_string(live_.port()) + "/describe";
    ClientRequest unpinned = call;
    EXPECT_EQ(send(std::move(unpinned)).error().kind, Failure::kConnect);
    call.connect_to_ip = "127.0.0.1";
    std::string asked;
    call.check_address = [&](std::string_view ip, std::uint16_t port) -> Result<void> {
        asked = std::string(ip) + ":" + std::to_string(port);
        return {};
    };
    auto answer = send(std::move(call));
    ASSERT_TRUE(answer) << answer.error().error.detail;
    EXPECT_THAT(answer->body, HasSubstr("Host=api.example.invalid"));
    EXPECT_EQ(asked, "127.0.0.1:" + std::to_string(live_.port()));
}

TEST_F(ClientTest, ResolvesNamesWithoutBlockingTheLoop) {
    ClientRequest call = request("/describe");
    call.url = "http://localhost:" + std::to_string(live_.port()) + "/describe";
    auto answer = send(std::move(call), 2s);
    ASSERT_TRUE(answer) << answer.error().error.detail;
}

TEST_F(ClientTest, ASlowResolverHoldsUpNeitherTheLoopNorTheDeadline) {
    ClientRequest call;
    call.url = "http://slow.example.test/";
    auto begin = std::chrono::steady_clock::now();
    auto answer = send(std::move(call), 50ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, Failure::kTimeout);
    EXPECT_FALSE(answer.error().is_maybe_delivered);
}

TEST_F(ClientTest, DoesNotFollowRedirectsOrProxyVariables) {
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    auto answer = send(request("/redirect"));
    ::unsetenv("http_proxy");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(answer->headers.get("location"), "/describe");
}

TEST_F(ClientTest, RefusesRequestsThatCouldMeanSomethingElse) {
    auto expect_invalid = [&](ClientRequest call, const std::string& why) {
        auto answer = send(std::move(call));
        ASSERT_FALSE(answer) << why;
        EXPECT_EQ(answer.error().kind, Failure::kInvalid) << why;
    };
    for (const char* url :
         {"",
          "file:///etc/passwd",
          "gopher://127.0.0.1/",
          "http://",
          "http://user@127.0.0.1/",
          "http://a:b@127.0.0.1/",
          "http://127.0.0.1\\@evil/",
          "http://127.0.0.1/a b",
          "http://127.0.0.1/\r\nX: y",
          "http://127.0.0.1/\t",
          "http://b\xc3\xbc"
          "cher.example/",
          "//127.0.0.1/",
          "HTTP://127.0.0.1/"}) {
        ClientRequest call;
        call.url = url;
        expect_invalid(std::move(call), url);
    }
    for (const char* key :
         {"Host", "content-length", "Transfer-Encoding", "Connection", "X Y", "X\r\nY", ""}) {
        ClientRequest call = request("/describe");
        call.headers.add(key, "1");
        expect_invalid(std::move(call), key);
    }
    ClientRequest value = request("/describe");
    value.headers.add("X-A", "1\r\nX-B: 2");
    expect_invalid(std::move(value), "header value");
    ClientRequest method = request("/describe");
    method.method = "GET /x HTTP/1.1\r\n";
    expect_invalid(std::move(method), "method");
    EXPECT_EQ(live_.stats().requests, 0u);
}

rt::Task<void> send_into(
    Client& client, ClientRequest call, rt::Deadline by, std::optional<ClientResult>& out
) {
    out.emplace(co_await client.send(std::move(call), by));
}

TEST_F(ClientTest, CancellingTheCallerAbortsTheTransfer) {
    rt::Scope scope(loop_);
    std::optional<ClientResult> result;
    scope.spawn(send_into(client_, request("/hang"), scope.forever(), result));
    while (live_.stats().in_flight == 0) loop_.run_until_done(rt::yield());
    EXPECT_EQ(client_.in_flight(), 1u);
    scope.cancel(rt::CancelReason::kUser);
    loop_.run_until_done(scope.join());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->error().kind, Failure::kCancelled);
    EXPECT_TRUE(result->error().is_maybe_delivered);
    EXPECT_EQ(client_.in_flight(), 0u);
    ASSERT_TRUE(send(request("/describe")));
    EXPECT_EQ(accepted(), 2u);  // the aborted request's connection was not kept
}

TEST_F(ClientTest, RunsManyRequestsAtOnce) {
    rt::Scope scope(loop_);
    std::vector<std::optional<ClientResult>> results(200);
    for (std::size_t i = 0; i < results.size(); ++i) {
        ClientRequest call = request("/describe?n=" + std::to_string(i));
        call.partition = std::to_string(i % 7);
        scope.spawn(send_into(client_, std::move(call), scope.deadline(20s), results[i]));
    }
    loop_.run_until_done(scope.join());
    for (std::size_t i = 0; i < results.size(); ++i) {
        ASSERT_TRUE(*results[i]) << results[i]->error().error.detail;
        EXPECT_THAT((*results[i])->body, HasSubstr("?n=" + std::to_string(i) + "\n"));
    }
}

TEST_F(ClientTest, CallsAUnixSocket) {
    auto path =
        std::filesystem::temp_directory_path() / ("weft-client-" + std::to_string(::getpid()) + ".sock");
    live_.on_loop([&] { ASSERT_TRUE(live_.server().listen_unix(path.string())); });
    ClientRequest call;
    call.url = "http://docker/describe";
    call.unix_socket = path.string();
    std::string asked;
    call.check_address = [&](std::string_view ip, std::uint16_t) -> Result<void> {
        asked = ip;
        return {};
    };
    auto answer = send(std::move(call));
    ASSERT_TRUE(answer) << answer.error().error.detail;
    EXPECT_THAT(answer->body, HasSubstr("Host=docker\n"));
    EXPECT_EQ(asked, "unix:" + path.string());
}

// --- peers that misbehave ---------------------------------------------------------------------------------

constexpr const char* kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

class PeerTest : public ::testing::Test {
  protected:
    ClientResult send(ScriptedPeer& peer, std::string method, Resend resend = Resend::kByMethod) {
        ClientRequest call;
        call.url = "http://127.0.0.1:" + std::to_string(peer.port()) + "/";
        call.method = std::move(method);
        call.resend = resend;
        return loop_.run_until_done(client_.send(std::move(call), rt::Deadline::in(10s)));
    }
    rt::Loop loop_;
    Client client_{loop_};
};

TEST_F(PeerTest, RepeatsOnlyWhatMayBeRepeatedWhenAKeptConnectionDies) {
    for (auto [method, resend, is_repeated] :
         {std::tuple("POST", Resend::kByMethod, false),
          std::tuple("GET", Resend::kNo, false),
          std::tuple("GET", Resend::kByMethod, true),
          std::tuple("POST", Resend::kYes, true)}) {
        // The second request on the first connection is read and then dropped with the connection.
        ScriptedPeer peer({{kOk, ""}, {kOk}});
        ASSERT_TRUE(send(peer, "GET"));
        auto answer = send(peer, method, resend);
        EXPECT_EQ(answer.has_value(), is_repeated) << method;
        if (!answer) {
            EXPECT_EQ(answer.error().kind, Failure::kProtocol);
            EXPECT_TRUE(answer.error().is_maybe_delivered);
        }
        EXPECT_EQ(peer.requests(), is_repeated ? 3 : 2) << method;
    }
}

TEST_F(PeerTest, AnIncompleteOrMalformedAnswerIsAProtocolError) {
    for (const char* bytes :
         {"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "HTTP/1.1 200", "nonsense\r\n\r\n", ""}) {
        ScriptedPeer peer(
            {{std::string(bytes) + ScriptedPeer::kClose}, {std::string(bytes) + ScriptedPeer::kClose}}
        );
        auto answer = send(peer, "POST");
        ASSERT_FALSE(answer) << bytes;
        EXPECT_EQ(answer.error().kind, Failure::kProtocol) << bytes;
        EXPECT_TRUE(answer.error().is_maybe_delivered);
    }
}

TEST_F(PeerTest, CodingsAreUndoneAndOthersAreLeftAsTheyAre) {
    auto answer = [](std::string_view coding, std::string_view body) {
        return "HTTP/1.1 200 OK\r\ncontent-encoding: " + std::string(coding) +
               "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    };
    const std::string packed = deflate(3'000);
    ScriptedPeer peer(
        {{answer("deflate", packed),
          answer("UTF-8", "{}"),
          answer("gzip", "plain"),
          answer("deflate", "no deflate"),
          answer("gzip", "")}}
    );
    auto undone = send(peer, "GET");
    ASSERT_TRUE(undone);
    EXPECT_EQ(undone->body, std::string(3'000, '\0'));
    EXPECT_FALSE(undone->headers.find("content-encoding"));
    EXPECT_FALSE(undone->headers.find("content-length"));
    auto unknown = send(peer, "GET");
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->body, "{}");
    EXPECT_EQ(unknown->headers.get("content-encoding"), "UTF-8");
    auto mislabelled = send(peer, "GET");
    ASSERT_TRUE(mislabelled);
    EXPECT_EQ(mislabelled->body, "plain");
    EXPECT_EQ(mislabelled->headers.get("content-encoding"), "gzip");
    auto damaged = send(peer, "GET");
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind, Failure::kProtocol);
    EXPECT_TRUE(damaged.error().is_maybe_delivered);
    EXPECT_EQ(send(peer, "GET")->body, "");
}

TEST_F(PeerTest, InterimAnswersAndTrailersDoNotBecomeHeaders) {
    ScriptedPeer peer(
        {{"HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\nHTTP/1.1 200 OK\r\nx-final: 1\r\n"
          "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-trailer: 1\r\n\r\n"}}
    );
    auto answer = send(peer, "GET");
    ASSERT_TRUE(answer) << answer.error().error.detail;
    EXPECT_EQ(answer->body, "ok");
    EXPECT_TRUE(answer->headers.find("x-final"));
    EXPECT_FALSE(answer->headers.find("x-early"));
    EXPECT_FALSE(answer->headers.find("x-trailer"));
}

TEST(ClientTls, ChecksTheCertificateAndTheName) {
    testing::TlsPeer peer("api.example.test");
    rt::Loop loop;
    ClientOptions trusting;
    trusting.ca_file = peer.certificate_file();
    Client strangers(loop), client(loop, trusting);
    auto send = [&](Client& by, const std::string& host) {
        ClientRequest call;
        call.url = "https://" + host + ":" + std::to_string(peer.port()) + "/";
        call.connect_to_ip = "127.0.0.1";
        return loop.run_until_done(by.send(std::move(call), rt::Deadline::in(10s)));
    };
    auto untrusted = send(strangers, "api.example.test");
    ASSERT_FALSE(untrusted);
    EXPECT_EQ(untrusted.error().kind, Failure::kTls);
    EXPECT_FALSE(untrusted.error().is_maybe_delivered);
    auto misnamed = send(client, "other.example.test");
    ASSERT_FALSE(misnamed);
    EXPECT_EQ(misnamed.error().kind, Failure::kTls);
    auto good = send(client, "api.example.test");
    ASSERT_TRUE(good) << good.error().error.detail;
    EXPECT_EQ(good->body, "ok");
}

}  // namespace
}  // namespace weft::http
