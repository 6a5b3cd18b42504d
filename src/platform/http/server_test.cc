#include "platform/http/server.h"

#include "platform/http/detail/refusal.h"
#include "platform/http/detail/test_server.h"
#include "platform/rt/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>

namespace weft::http {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawClient;
using ::testing::StartsWith;
using testing::TestServer;

rt::Task<Result<Response>> hello(Request request) {
    co_return Response::text(200, "hello " + std::string(request.target.query.get("who", "you")));
}

rt::Task<Result<Response>> echo(Request request) {
    co_return Response::text(200, std::move(request.body));
}

rt::Task<Result<Response>> show(Request request) {
    co_return Response::text(
        200, std::string(request.param("id")) + "|" + request.route + "|" + request.peer
    );
}

rt::Task<Result<Response>> fails(Request) {
    co_return fail(Error::invalid("Name is too long", "name").with_detail("SECRET-DETAIL"));
}

rt::Task<Result<Response>> throws(Request) {
    co_await rt::yield();
    throw std::runtime_error("SECRET-THROWN");
}

rt::Task<Result<Response>> bad_header(Request) {
    Response response = Response::text(200, "x");
    response.headers.add("x-a", "1\r\nset-cookie: stolen");
    co_return response;
}

rt::Task<Result<Response>> wait_for_deadline(Request request) {
    auto slept = co_await rt::sleep_for(1h, request.deadline);
    co_return fail(slept.error());
}

void add_routes(Router& router) {
    router.add(Method::kGet, "/hello", hello);
    router.add(Method::kPost, "/echo", echo, {.body_bytes_max = 1000});
    router.add(Method::kGet, "/runs/{id}", show);
    router.add(Method::kGet, "/fails", fails);
    router.add(Method::kGet, "/throws", throws);
    router.add(Method::kGet, "/bad-header", bad_header);
    router.add(Method::kGet, "/slow", wait_for_deadline, {.timeout = 50ms});
    router.add(Method::kGet, "/hang", wait_for_deadline, {.timeout = 1h});
}

ServerOptions quick() {
    ServerOptions options;
    options.header_timeout = 150ms;
    options.body_timeout = 150ms;
    options.idle_timeout = 300ms;
    options.write_timeout = 300ms;
    return options;
}

class ServerTest : public ::testing::Test {
  protected:
    void start(ServerOptions options = {}) {
        live_ = std::make_unique<TestServer>(std::move(options));
        add_routes(live_->router());
        live_->start();
    }
    std::string ask(std::string_view bytes) {
        RawClient client(live_->port());
        client.send(bytes);
        return client.read_all();
    }
    std::unique_ptr<TestServer> live_;
};

constexpr std::string_view kHost = "Host: x\r\n";

std::string get(std::string_view target, std::string_view more = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(kHost) + std::string(more) + "\r\n";
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
    start();
    RawClient client(live_->port());
    for (int i = 0; i < 3; ++i) {
        client.send(get("/hello?who=a%20b"));
        std::string answer = client.read_answer();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_THAT(answer, HasSubstr("x-request-id: "));
        EXPECT_THAT(answer, ::testing::EndsWith("hello a b"));
    }
    EXPECT_EQ(live_->stats().accepted, 1u);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    start();
    RawClient client(live_->port());
    std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    client.send(get("/hello?who=1") + post + get("/hello?who=2", "Connection: close\r\n"));
    std::string all = client.read_all();
    // "abc" alone may be in the id of a request.
    auto one = all.find("hello 1"), two = all.find("\r\n\r\nabc"), three = all.find("hello 2");
    EXPECT_LT(one, two);
    EXPECT_LT(two, three);
    EXPECT_NE(three, all.npos);
}

TEST_F(ServerTest, ReadsARequestSentByteByByte) {
    start();
    RawClient client(live_->port());
    std::string text =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n";
    for (char c : text) client.send(std::string(1, c));
    EXPECT_THAT(client.read_answer(), ::testing::EndsWith("abcde"));
    client.send(get("/hello"));
    EXPECT_THAT(client.read_answer(), HasSubstr("hello you"));
}

TEST_F(ServerTest, RoutesByPatternAndDeniesTheRest) {
    start();
    EXPECT_THAT(ask(get("/runs/a%2Db", "Connection: close\r\n")), HasSubstr("a-b|/runs/{id}|127.0.0.1"));
    EXPECT_THAT(ask(get("/nowhere", "Connection: close\r\n")), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(ask(get("/runs/", "Connection: close\r\n")), StartsWith("HTTP/1.1 404"));
    auto wrong = ask("DELETE /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(wrong, HasSubstr("allow: GET, HEAD\r\n"));
    auto unknown = ask("BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(unknown, StartsWith("HTTP/1.1 405"));
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
    start();
    auto answer = ask("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("content-length: 9\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("hello")));
}

TEST_F(ServerTest, ErrorsBecomeProblemsWithoutDetail) {
    std::string fault;
    ServerOptions options;
    options.on_fault = [&](std::string what) { fault = std::move(what); };
    start(options);
    auto invalid = ask(get("/fails", "Connection: close\r\n"));
    EXPECT_THAT(invalid, StartsWith("HTTP/1.1 422"));
    EXPECT_THAT(invalid, HasSubstr("application/problem+json"));
    EXPECT_THAT(invalid, HasSubstr("\"field\":\"name\""));
    EXPECT_THAT(invalid, Not(HasSubstr("SECRET")));
    auto thrown = ask(get("/throws", "Connection: close\r\n"));
    EXPECT_THAT(thrown, StartsWith("HTTP/1.1 500"));
    EXPECT_THAT(thrown, Not(HasSubstr("SECRET")));
    EXPECT_EQ(fault, "SECRET-THROWN");
    auto header = ask(get("/bad-header", "Connection: close\r\n"));
    EXPECT_THAT(header, StartsWith("HTTP/1.1 500"));
    EXPECT_THAT(header, Not(HasSubstr("stolen")));
    EXPECT_THAT(ask(get("/slow", "Connection: close\r\n")), StartsWith("HTTP/1.1 504"));
}

struct BadCase {
    const char* why;
    std::string bytes;
    int status;
};

TEST_F(ServerTest, RefusesMalformedAndAmbiguousRequests) {
    start();
    std::string long_name(9000, 'a');
    const BadCase cases[] = {
        {"cl+te",
         "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"te+cl",
         "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
         400},
        {"two lengths",
         "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
         400},
        {"equal lengths",
         "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
         400},
        {"length list", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\n", 400},
        {"bad length", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n", 400},
        {"other coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        {"coding list", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"coding in 1.0", "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"folded line", "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", 400},
        {"space before colon", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"no host", "GET /hello HTTP/1.1\r\n\r\n", 400},
        {"two hosts", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        {"absolute target", "GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"dot segments", get("/a/../hello"), 400},
        {"encoded dots", get("/a/%2e%2e/hello"), 400},
        {"encoded slash", get("/runs/a%2fb"), 400},
        {"encoded nul", get("/runs/a%00b"), 400},
        {"bad escape", get("/runs/a%zz"), 400},
        {"bare newline", "GET /hello HTTP/1.1\nHost: x\n\n", 400},
        {"version", "GET /hello HTTP/3.0\r\nHost: x\r\n\r\n", 400},
        {"tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
        {"target", get("/" + long_name), 414},
        {"header block", get("/hello", "X-A: " + long_name + "\r\nX-B: " + long_name + "\r\n"), 431},
        {"expect", get("/hello", "Expect: miracles\r\n"), 417},
    };
    for (const auto& bad : cases) {
        std::string answer = ask(bad.bytes);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(bad.status))) << bad.why;
        EXPECT_THAT(answer, HasSubstr("connection: close")) << bad.why;
    }
    std::string many = "GET /hello HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 150; ++i) many += "a: b\r\n";
    EXPECT_THAT(ask(many + "\r\n"), StartsWith("HTTP/1.1 431"));
}

TEST_F(ServerTest, LimitsTheBodyByRouteBeforeReadingIt) {
    start();
    auto stated = ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_THAT(stated, StartsWith("HTTP/1.1 413"));
    auto chunked =
        ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
            std::string(1001, 'x') + "\r\n0\r\n\r\n");
    EXPECT_THAT(chunked, StartsWith("HTTP/1.1 413"));
    auto fits =
        ask("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
            std::string(1000, 'x'));
    EXPECT_THAT(fits, StartsWith("HTTP/1.1 200"));
    std::string extension =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40000, 'x');
    EXPECT_THAT(ask(extension), StartsWith("HTTP/1.1 400"));
}

TEST_F(ServerTest, SendsContinueOnlyWhenTheBodyIsWanted) {
    start();
    RawClient client(live_->port());
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_THAT(client.read_answer(), ::testing::EndsWith("ok"));
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, ATrailerIsNotAHeader) {
    std::atomic<bool> has_trailer = false;
    live_ = std::make_unique<TestServer>();
    live_->router().add(Method::kPost, "/t", [&](Request request) {
        has_trailer = request.headers.find("x-admin").has_value();
        return echo(std::move(request));
    });
    live_->start();
    ask("POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
        "chunked\r\n\r\n1\r\na\r\n0\r\nX-Admin: 1\r\n\r\n");
    EXPECT_FALSE(has_trailer);
}

TEST_F(ServerTest, SlowHeadersAreCutOffHoweverSteadyTheDrip) {
    start(quick());
    RawClient client(live_->port());
    client.send("GET /hello HTTP/1.1\r\n");
    auto begin = std::chrono::steady_clock::now();
    std::atomic<bool> stop = false;
    std::thread drip([&] {
        while (!stop && client.send("X")) std::this_thread::sleep_for(20ms);  // the attack itself
    });
    std::string answer = client.read_all();
    stop = true;
    drip.join();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(ServerTest, SlowBodiesAndIdleConnectionsAreCutOff) {
    start(quick());
    EXPECT_THAT(
        ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"), StartsWith("HTTP/1.1 408")
    );
    EXPECT_EQ(ask(""), "");
    std::string kept = ask(get("/hello"));  // read_all returns only because idleness ends the connection
    EXPECT_THAT(kept, StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheCap) {
    ServerOptions options;
    options.connections_max = 2;
    start(options);
    RawClient one(live_->port()), two(live_->port());
    one.send(get("/hello"));
    two.send(get("/hello"));
    EXPECT_THAT(one.read_answer(), HasSubstr("hello"));
    EXPECT_THAT(two.read_answer(), HasSubstr("hello"));
    RawClient three(live_->port());
    EXPECT_THAT(three.read_all(), StartsWith("HTTP/1.1 503"));
}

/// Leaves the process no free descriptor while it lives.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest_free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
        ::close(lowest_free);
        rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST_F(ServerTest, WithoutDescriptorsItRefusesPolitelyAndComesBack) {
    start();
    RawClient old(live_->port());
    old.send(get("/hello"));
    EXPECT_THAT(old.read_answer(), HasSubstr("hello"));
    std::vector<std::unique_ptr<RawClient>> more;
    for (int i = 0; i < 3; ++i) more.push_back(std::make_unique<RawClient>(RawClient::Unconnected()));
    std::vector<std::string> refusals;
    std::string served;
    {
        // Nothing is looked at in here: a sanitizer's check of what a pointer holds takes a pipe.
        const NoDescriptors none;
        for (const auto& client : more) {
            client->connect_to(live_->port());
            client->send(get("/hello"));
            refusals.push_back(client->read_all());
        }
        old.send(get("/hello"));
        served = old.read_answer();
    }
    EXPECT_THAT(refusals, Each(AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("retry-after: 1"))));
    EXPECT_THAT(served, HasSubstr("hello")) << "who is connected is served";
    EXPECT_EQ(live_->stats().refused_for_descriptors, 3u);
    EXPECT_THAT(ask(get("/hello")), HasSubstr("hello"));
}

TEST_F(ServerTest, ConnectionsLeaveDescriptorsForTheRest) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few{.rlim_cur = detail::kDescriptorsKept + 7, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_EQ(detail::connections_allowed(20'000), 7);
    EXPECT_EQ(detail::connections_allowed(3), 3);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(ServerTest, ReportsEachRequestToTheAccessHook) {
    std::mutex mutex;
    std::vector<std::string> seen;
    ServerOptions options;
    options.on_access = [&](const AccessRecord& record) {
        std::lock_guard hold(mutex);
        seen.push_back(
            std::string(name(record.method)) + " " + std::string(record.route) + " " +
            std::to_string(record.status)
        );
    };
    start(options);
    ask(get("/runs/1", "Connection: close\r\n"));
    ask("rubbish\r\n\r\n");
    live_->stop(1s);
    EXPECT_THAT(seen, ::testing::ElementsAre("GET /runs/{id} 200", "GET  400"));
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlightAndClosesTheRest) {
    live_ = std::make_unique<TestServer>();
    rt::Signal go(live_->loop());
    std::promise<void> entered;
    struct Waiter {
        static rt::Task<Result<Response>> run(rt::Signal& signal, std::promise<void>& in, rt::Deadline by) {
            in.set_value();
            CO_CHECK_OK(co_await signal.wait(by));
            co_return Response::text(200, "finished");
        }
    };
    live_->router().add(Method::kGet, "/wait", [&](Request r) {
        return Waiter::run(go, entered, r.deadline);
    });
    live_->router().add(Method::kGet, "/hello", hello);
    live_->start();
    RawClient idle(live_->port()), busy(live_->port());
    idle.send(get("/hello"));
    EXPECT_THAT(idle.read_answer(), HasSubstr("hello"));
    busy.send(get("/wait"));
    entered.get_future().wait();
    live_->begin_stop(10s);
    EXPECT_EQ(idle.read_all(), "");
    RawClient late(live_->port());
    EXPECT_FALSE(late.is_connected());
    live_->on_loop([&] { go.notify_all(); });
    std::string answer = busy.read_all();
    EXPECT_THAT(answer, HasSubstr("finished"));
    EXPECT_THAT(answer, HasSubstr("connection: close"));
    live_->join();
}

TEST_F(ServerTest, DrainCancelsWhatOutlivesTheBound) {
    start();
    RawClient client(live_->port());
    client.send(get("/hang"));
    client.send("");
    while (live_->stats().in_flight == 0) std::this_thread::yield();
    live_->stop(100ms);
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 503"));
}

TEST_F(ServerTest, ListensOnAUnixSocketAndReplacesAStaleOne) {
    auto path =
        std::filesystem::temp_directory_path() / ("weft-http-" + std::to_string(::getpid()) + ".sock");
    for (int round = 0; round < 2; ++round) {
        TestServer server;
        add_routes(server.router());
        ASSERT_TRUE(server.server().listen_unix(path.string()));
        EXPECT_FALSE(server.server().listen_unix(path.string()));  // in use
        server.start();
        RawClient client(path.string());
        client.send(get("/runs/7", "Connection: close\r\n"));
        EXPECT_THAT(client.read_all(), HasSubstr("7|/runs/{id}|unix"));
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
        server.stop(1s);
        // Leave a dead socket file for the second round.
        if (round == 0) {
            int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            path.string().copy(address.sun_path, sizeof address.sun_path - 1);
            ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
            ::close(fd);
        }
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace weft::http
