#include "platform/http/server.h"

#include "platform/http/detail/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace weft::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace detail {

namespace {
constexpr std::size_t kReadBytesMax = 64u << 10;
}

ServerCore::ServerCore(rt::Loop& l, Service& s, const rt::Clock& c, Rng& r, ServerOptions o)
    : loop(l),
      service(s),
      clock(c),
      rng(r),
      options(std::move(o)),
      bodies(options.bodies),
      scratch(kReadBytesMax),
      closed(l),
      tasks(l, [this](std::string what) {
          if (options.on_fault) options.on_fault(std::move(what));
      }) {
    options.connections_max = connections_allowed(options.connections_max);
}

std::string_view ServerCore::date() {
    auto now = std::chrono::floor<std::chrono::seconds>(clock.now());
    if (now != date_at_ || date_.empty()) {
        std::time_t seconds = now.time_since_epoch().count();
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        std::array<char, 40> text;
        // The C locale's day and month names are HTTP's; the process never sets another.
        date_.assign(
            text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)
        );
        date_at_ = now;
    }
    return date_;
}

}  // namespace detail

namespace {

bool is_out_of_descriptors(const error_code& ec) {
    return ec.value() == EMFILE || ec.value() == ENFILE;
}

std::string name_of(const asio::ip::tcp::endpoint& peer) {
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

std::string name_of(const asio::local::stream_protocol::endpoint&) {
    return "unix";
}

rt::Task<void> serve_connection(detail::ServerCore& core, detail::Socket socket, std::string peer) {
    detail::Connection connection(core, std::move(socket), std::move(peer));
    co_await connection.serve();
}

template <class Acceptor>
rt::Task<void> accept_all(detail::ServerCore& core, Acceptor& acceptor) {
    using Protocol = typename Acceptor::protocol_type;
    while (acceptor.is_open() && !core.tasks.is_cancelled()) {
        typename Protocol::socket socket(core.loop.context());
        typename Protocol::endpoint peer;
        auto [ec] = co_await acceptor.async_accept(socket, peer, detail::kAwait);
        if (ec == asio::error::operation_aborted) break;
        if (ec) {
            // The connection waits in the backlog still: it is told rather than kept waiting.
            if (is_out_of_descriptors(ec) && core.reserve.refuse_one(acceptor.native_handle())) {
                ++core.stats.refused_for_descriptors;
                continue;
            }
            // Whatever else it is, it is not mended by spinning.
            if (acceptor.is_open()) (void)co_await rt::sleep_for(50ms, core.tasks.forever());
            continue;
        }
        if (core.stats.connections >= static_cast<std::size_t>(core.options.connections_max)) {
            ++core.stats.refused_connections;
            detail::refuse(socket.native_handle());
            continue;
        }
        ++core.stats.accepted;
        if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
            error_code ignored;
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        }
        core.tasks.spawn(serve_connection(core, detail::Socket(std::move(socket)), name_of(peer)));
    }
}

rt::Task<void> sweep(detail::ServerCore& core) {
    const ServerOptions& o = core.options;
    auto shortest =
        std::min({o.header_timeout, o.body_timeout, o.body_grace, o.idle_timeout, o.write_timeout});
    auto every = std::clamp<Steady::duration>(shortest / 8, 5ms, 500ms);
    while (co_await rt::sleep_for(every, core.tasks.forever())) {
        auto now = std::chrono::steady_clock::now();
        for (auto* connection : core.open) connection->expire(now);
    }
}

bool is_stale_socket(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
    asio::io_context context;
    asio::local::stream_protocol::socket probe(context);
    error_code ec;
    probe.connect(asio::local::stream_protocol::endpoint(path), ec);
    return ec == asio::error::connection_refused;
}

Error listen_error(const error_code& ec, std::string_view where) {
    return Error::unavailable("Cannot listen on " + std::string(where) + ": " + ec.message(), ec.message());
}

}  // namespace

struct Server::Impl {
    Impl(rt::Loop& loop, Service& service, const rt::Clock& clock, Rng& rng, ServerOptions options)
        : core(loop, service, clock, rng, std::move(options)) {}

    void close_listeners() {
        error_code ignored;
        for (auto& acceptor : tcp) acceptor.close(ignored);
        for (auto& acceptor : local) acceptor.close(ignored);
        for (const auto& path : paths) ::unlink(path.c_str());
    }
    void start_sweep() {
        if (is_sweeping) return;
        is_sweeping = true;
        core.tasks.spawn(sweep(core));
    }

    std::list<asio::ip::tcp::acceptor> tcp;
    std::list<asio::local::stream_protocol::acceptor> local;
    std::vector<std::string> paths;
    bool is_sweeping = false;
    detail::ServerCore core;  // last: its tasks use the acceptors
};

Server::Server(rt::Loop& loop, Service& service, const rt::Clock& clock, Rng& rng, ServerOptions options)
    : impl_(std::make_unique<Impl>(loop, service, clock, rng, std::move(options))) {}
Server::~Server() = default;

Result<std::uint16_t> Server::listen_tcp(std::string_view host, std::uint16_t port) {
    error_code ec;
    auto address = asio::ip::make_address(std::string(host), ec);
    if (ec)
        return fail(
            Error::invalid("The listen address must be an IP address, not \"" + std::string(host) + "\"")
        );
    asio::ip::tcp::endpoint endpoint(address, port);
    asio::ip::tcp::acceptor acceptor(impl_->core.loop.context());
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return fail(listen_error(ec, std::string(host) + " port " + std::to_string(port)));
    std::uint16_t actual = acceptor.local_endpoint(ec).port();
    auto& kept = impl_->tcp.emplace_back(std::move(acceptor));
    impl_->core.tasks.spawn(accept_all(impl_->core, kept));
    impl_->start_sweep();
    return actual;
}

Result<void> Server::adopt_tcp(int fd) {
    int family = AF_INET;
    socklen_t length = sizeof family;
    (void)::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
    asio::ip::tcp::acceptor acceptor(impl_->core.loop.context());
    error_code ec;
    acceptor.assign(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, ec);
    if (ec) return fail(listen_error(ec, "the inherited socket"));
    auto& kept = impl_->tcp.emplace_back(std::move(acceptor));
    impl_->core.tasks.spawn(accept_all(impl_->core, kept));
    impl_->start_sweep();
    return {};
}

Result<void> Server::listen_unix(const std::string& path, unsigned mode) {
    if (is_stale_socket(path)) ::unlink(path.c_str());
    error_code ec;
    asio::local::stream_protocol::acceptor acceptor(impl_->core.loop.context());
    acceptor.open(asio::local::stream_protocol(), ec);
    // The mode is set on the socket before bind, so that there is no moment with a wider one.
    if (!ec && ::fchmod(acceptor.native_handle(), mode) != 0)
        ec = error_code(errno, boost::system::system_category());
    if (!ec && path.size() >= sizeof(sockaddr_un::sun_path)) ec = asio::error::name_too_long;
    if (!ec) acceptor.bind(asio::local::stream_protocol::endpoint(path), ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return fail(listen_error(ec, path));
    impl_->paths.push_back(path);
    auto& kept = impl_->local.emplace_back(std::move(acceptor));
    impl_->core.tasks.spawn(accept_all(impl_->core, kept));
    impl_->start_sweep();
    return {};
}

rt::Task<void> Server::stop(rt::Deadline by) {
    auto& core = impl_->core;
    core.is_draining = true;
    impl_->close_listeners();
    for (auto* connection : core.open) connection->drain();
    while (core.stats.connections > 0 && co_await core.closed.wait(by)) {
    }
    co_await core.tasks.close();
}

ServerStats Server::stats() const {
    ServerStats stats = impl_->core.stats;
    stats.body_bytes = impl_->core.bodies.bytes();
    return stats;
}

}  // namespace weft::http
