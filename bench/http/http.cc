// CPU of one request through platform/http: the server under keep-alive load, and the client against it. Both
// sides run on this machine; what counts is the CPU time of the one thread under test, not the wall clock.
//   bench_http [seconds] [connections]

#include "platform/http/client.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <vector>

namespace weft {
namespace {

double thread_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

rt::Task<Result<http::Response>> hello(http::Request) {
    co_return http::Response::text(200, "hello, world\n");
}

/// Serves on its own thread until told to stop, then reports that thread's CPU time.
class Host {
  public:
    Host() : server_(loop_, router_, clock_, rng_) {
        router_.add(http::Method::kGet, "/hello/{name}", hello);
        router_.add(http::Method::kPost, "/hello/{name}", hello);
        port_ = server_.listen_tcp("127.0.0.1", 0).value();
        thread_ = std::thread([this] {
            loop_.run_until_done(serve());
            cpu_ = thread_cpu_seconds();
        });
    }
    std::uint16_t port() const { return port_; }
    double stop() {
        loop_.post([this] {
            is_stopping_ = true;
            asked_.notify_all();
        });
        thread_.join();
        return cpu_;
    }
    std::uint64_t requests() const { return server_.stats().requests; }

  private:
    rt::Task<void> serve() {
        while (!is_stopping_) (void)co_await asked_.wait(rt::Deadline::in(600s));
        co_await server_.stop(rt::Deadline::in(1s));
    }
    rt::Loop loop_;
    rt::SystemClock clock_;
    SystemRng rng_;
    http::Router router_;
    http::Server server_;
    rt::Signal asked_{loop_};
    bool is_stopping_ = false;
    double cpu_ = 0;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

int connect_to(std::uint16_t port) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
    return fd;
}

/// One request in flight per connection, answers thrown away: as little of the machine as a generator can
/// take.
std::uint64_t generate(std::uint16_t port, int connections, Steady until) {
    constexpr std::string_view kRequest =
        "GET /hello/you?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        "Accept-Encoding: gzip, deflate\r\nAuthorization: Bearer weft_0123456789abcdef\r\n\r\n";
    int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<int> sockets;
    for (int i = 0; i < connections; ++i) {
        int fd = connect_to(port);
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        sockets.push_back(fd);
        (void)!::write(fd, kRequest.data(), kRequest.size());
    }
    std::uint64_t done = 0;
    std::vector<char> buffer(8192);
    std::vector<epoll_event> events(128);
    while (std::chrono::steady_clock::now() < until) {
        int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < ready; ++i) {
            int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (::read(fd, buffer.data(), buffer.size()) <= 0) std::abort();
            ++done;
            (void)!::write(fd, kRequest.data(), kRequest.size());
        }
    }
    for (int fd : sockets) ::close(fd);
    ::close(poll);
    return done;
}

void measure_server(int seconds, int connections) {
    Host host;
    auto begin = std::chrono::steady_clock::now();
    std::uint64_t done = generate(host.port(), connections, begin + std::chrono::seconds(seconds));
    double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    double cpu = host.stop();
    auto count = static_cast<double>(done);
    std::printf(
        "server: %d connections: %.0f requests/s, %.1f us CPU per request, hence %.0f/s for one core\n",
        connections,
        count / wall,
        cpu / count * 1e6,
        count / cpu
    );
}

rt::Task<void> call_until(
    http::Client& client, http::ClientRequest request, Steady until, std::uint64_t& done
) {
    while (std::chrono::steady_clock::now() < until) {
        http::ClientRequest copy = request;
        auto answer = co_await client.send(std::move(copy), rt::Deadline::in(10s));
        if (!answer || answer->status != 200) std::abort();
        ++done;
    }
}

void measure_client(int seconds, int concurrency, std::string_view method) {
    Host host;
    std::thread caller([&] {
        rt::Loop loop;
        http::Client client(loop);
        rt::Scope scope(loop);
        std::uint64_t done = 0;
        http::ClientRequest request;
        request.method = method;
        request.url = "http://127.0.0.1:" + std::to_string(host.port()) + "/hello/you";
        request.headers = {{"Authorization", "Bearer abc"}, {"Content-Type", "application/json"}};
        if (method == "POST") request.body = std::string(200, 'x');
        request.check_address = [](std::string_view, std::uint16_t) -> Result<void> { return {}; };
        auto begin = std::chrono::steady_clock::now();
        auto until = begin + std::chrono::seconds(seconds);
        double cpu = thread_cpu_seconds();
        for (int i = 0; i < concurrency; ++i) scope.spawn(call_until(client, request, until, done));
        loop.run_until_done(scope.join());
        cpu = thread_cpu_seconds() - cpu;
        double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        auto count = static_cast<double>(done);
        std::printf(
            "client: %.*s, %d at once: %.0f requests/s, %.1f us CPU per request\n",
            static_cast<int>(method.size()),
            method.data(),
            concurrency,
            count / wall,
            cpu / count * 1e6
        );
    });
    caller.join();
    host.stop();
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
    int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
    int connections = argc > 2 ? std::atoi(argv[2]) : 32;
    weft::measure_server(seconds, connections);
    weft::measure_server(seconds, 1'000);
    weft::measure_client(seconds, 1, "GET");
    weft::measure_client(seconds, 32, "GET");
    weft::measure_client(seconds, 32, "POST");
}
