#pragma once

#include "base/limits.h"
#include "base/random.h"
#include "platform/http/http.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::http {

/// One answered (or refused) request. `status` is 0 when the connection ended before an answer was sent.
struct AccessRecord {
    RequestId id;
    Method method = Method::kGet;
    std::string_view path;
    std::string_view route;
    std::string_view client;
    int status = 0;
    std::size_t body_bytes_in = 0;
    std::size_t body_bytes_out = 0;
    Micros duration{};  // from the first byte of the request to the last of the answer
};

/// Of request bodies that are here at one time: unfinished, or with a handler.
struct BodyLimits {
    std::size_t bytes_max = 256u << 20;             // in the process; beyond it: 503
    std::size_t bytes_per_address_max = 32u << 20;  // of one sender, see address_key; beyond it: 429
    std::size_t bytes_per_share_max = 64u << 20;    // of one owner, as the gate names it; beyond it: 429
};

struct ServerOptions {
    std::size_t header_bytes_max = limits::kHttpHeaderBytesMax;
    std::size_t target_bytes_max = limits::kHttpTargetBytesMax;
    std::size_t headers_max = 100;  // a browser sends about 20
    Steady::duration header_timeout = limits::kHttpHeaderTimeout;
    Steady::duration body_timeout = std::chrono::seconds(60);   // for the whole body
    Steady::duration body_grace = std::chrono::seconds(10);     // without a byte; longer as bytes arrive:
    std::size_t body_bytes_per_second_min = 16u << 10;          // slower than the worst mobile network
    Steady::duration idle_timeout = limits::kHttpIdleTimeout;   // between two requests
    Steady::duration write_timeout = std::chrono::seconds(30);  // without the peer taking a byte
    int connections_max = limits::kHttpConnectionsMax;          // or fewer, as descriptors allow; beyond: 503
    BodyLimits bodies;
    std::vector<std::string> trusted_proxies;            // addresses whose X-Forwarded-For counts; "unix"
    std::function<void(const AccessRecord&)> on_access;  // must not block
    std::function<void(std::string what)> on_fault;      // an exception left a handler: a bug
};

struct ServerStats {
    std::size_t connections = 0;
    std::size_t in_flight = 0;
    std::uint64_t accepted = 0;
    std::uint64_t requests = 0;
    std::uint64_t refused_connections = 0;      // more than `connections_max`
    std::uint64_t refused_for_descriptors = 0;  // the process or the machine had none left
    std::size_t body_bytes = 0;                 // of bodies that are here
    std::uint64_t refused_bodies = 0;           // over BodyLimits
};

/// HTTP/1.1 on the loop: keep-alive, pipelined requests answered in order, one write per answer, every wait
/// bounded. No TLS: a proxy in front ends it. Requests with both content-length and transfer-encoding, with
/// folded headers, a repeated or missing host, or a target that is not origin-form are refused and the
/// connection is closed.
class Server {
  public:
    Server(rt::Loop& loop, Service& service, const rt::Clock& clock, Rng& rng, ServerOptions options = {});
    /// `stop` must have finished.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Starts accepting; returns the actual port (`port` 0 picks a free one). `host` is an IP literal.
    Result<std::uint16_t> listen_tcp(std::string_view host, std::uint16_t port);
    /// Takes over a TCP socket that listens already, e.g. one inherited from the parent process.
    Result<void> adopt_tcp(int fd);
    /// Replaces a stale socket file; fails when another process still listens on it.
    Result<void> listen_unix(const std::string& path, unsigned mode = 0600);

    /// Stops accepting, closes idle connections, lets requests in flight finish until `by`, then cancels them
    /// (reason kShutdown) and waits for their handlers to return. Call once.
    rt::Task<void> stop(rt::Deadline by);

    ServerStats stats() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::http
