#pragma once

#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/sync.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace weft::http::testing {

/// A real server on its own loop thread; tests talk to it with blocking sockets.
class TestServer {
  public:
    explicit TestServer(ServerOptions options = {})
        : rng_(7), server_(loop_, router_, clock_, rng_, std::move(options)) {}
    ~TestServer() {
        if (thread_.joinable()) stop(50ms);
    }

    Router& router() { return router_; }
    rt::Loop& loop() { return loop_; }
    Server& server() { return server_; }
    /// While running.
    ServerStats stats() {
        ServerStats out;
        on_loop([&] { out = server_.stats(); });
        return out;
    }
    std::uint16_t port() const { return port_; }
    std::string url(std::string_view path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
    }

    void start() {
        port_ = server_.listen_tcp("127.0.0.1", 0).value();
        thread_ = std::thread([this] { loop_.run_until_done(serve()); });
    }
    /// Begins the drain and returns; `join` waits for its end.
    void begin_stop(Steady::duration bound) {
        loop_.post([this, bound] {
            drain_ = bound;
            asked_.notify_all();
        });
    }
    void join() { thread_.join(); }
    void stop(Steady::duration bound) {
        begin_stop(bound);
        join();
    }
    /// Runs `work` on the loop thread and waits for it.
    void on_loop(std::function<void()> work) {
        std::promise<void> done;
        loop_.post([&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

  private:
    rt::Task<void> serve() {
        while (!drain_) (void)co_await asked_.wait(rt::Deadline::in(60s));
        co_await server_.stop(rt::Deadline::in(*drain_));
    }

    rt::Loop loop_;
    rt::SystemClock clock_;
    SeededRng rng_;
    Router router_;
    Server server_;
    rt::Signal asked_{loop_};
    std::optional<Steady::duration> drain_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// A blocking client socket that sends exactly the bytes it is told to.
class RawClient {
  public:
    struct Unconnected {};
    explicit RawClient(Unconnected) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    /// `from` is the client's own address, such as 127.0.0.2.
    explicit RawClient(std::uint16_t port, const char* from = nullptr) : RawClient(Unconnected()) {
        connect_to(port, from);
    }
    void connect_to(std::uint16_t port, const char* from = nullptr) {
        sockaddr_in address{};
        if (from != nullptr) {
            address.sin_family = AF_INET;
            ::inet_pton(AF_INET, from, &address.sin_addr);
            ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        }
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connect(reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    ~RawClient() { close(); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool is_connected() const { return is_connected_; }
    bool send(std::string_view bytes) const {
        return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }
    /// Reads until `text` has been seen (all of it is returned), or the end of input.
    std::string read_until(std::string_view text) {
        while (seen_.find(text) == seen_.npos && more()) {
        }
        auto end = seen_.find(text);
        auto out = seen_.substr(0, end == seen_.npos ? seen_.size() : end + text.size());
        seen_.erase(0, out.size());
        return out;
    }
    /// Everything until the peer closes.
    std::string read_all() {
        while (more()) {
        }
        return std::exchange(seen_, "");
    }
    /// Head and content-length body of one answer.
    std::string read_answer() {
        std::string head = read_until("\r\n\r\n");
        auto at = head.find("content-length: ");
        if (at == head.npos) return head;
        std::size_t length = std::stoul(head.substr(at + 16));
        while (seen_.size() < length && more()) {
        }
        head += seen_.substr(0, length);
        seen_.erase(0, length);
        return head;
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

  private:
    void connect(const sockaddr* address, socklen_t size) {
        timeval limit{.tv_sec = 10, .tv_usec = 0};  // a hung server fails the test instead of hanging it
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        is_connected_ = ::connect(fd_, address, size) == 0;
    }
    bool more() {
        char buffer[16384];
        auto got = ::recv(fd_, buffer, sizeof buffer, 0);
        if (got > 0) seen_.append(buffer, static_cast<std::size_t>(got));
        return got > 0;
    }

    int fd_;
    bool is_connected_ = false;
    std::string seen_;
};

}  // namespace weft::http::testing
