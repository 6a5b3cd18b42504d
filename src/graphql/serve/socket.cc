#include "graphql/serve/detail/socket.h"

#include "graphql/serve/detail/endpoint.h"
#include "graphql/serve/detail/socket_connection.h"
#include "platform/rt/clock.h"
#include "platform/rt/scope.h"

#include <algorithm>
#include <unordered_set>

namespace weft::graphql::detail {

namespace {

/// How often sockets are looked after: often enough for the shortest of their times.
constexpr Steady::duration kRoundMax = std::chrono::seconds(1);
constexpr Steady::duration kRoundMin = std::chrono::milliseconds(10);
constexpr auto kCloseTimeout = std::chrono::seconds(5);

}  // namespace

struct Sockets::Impl {
    using ConnectionPtr = std::shared_ptr<SocketConnection>;

    explicit Impl(SocketContext with) : context(with), wake(context.parts.loop), scope(context.parts.loop) {
        scope.spawn(look_after());
    }

    rt::Task<void> serve(ConnectionPtr connection, http::WebSocket socket);
    rt::Task<void> look_after();

    SocketContext context;
    rt::SystemClock clock;
    std::unordered_set<ConnectionPtr> open;
    rt::Signal wake;  // the first socket came, or one went
    rt::Scope scope;
};

rt::Task<void> Sockets::Impl::serve(ConnectionPtr connection, http::WebSocket socket) {
    open.insert(connection);
    wake.notify_all();
    co_await connection->run(std::move(socket));
    open.erase(connection);
    wake.notify_all();
}

rt::Task<void> Sockets::Impl::look_after() {
    const EndpointOptions& options = context.options;
    const Steady::duration shortest = std::min(options.init_timeout, options.ping);
    const auto round = std::clamp(shortest / 4, kRoundMin, kRoundMax);
    while (!scope.is_cancelled()) {
        if (open.empty()) {
            (void)co_await wake.wait(scope.forever());
            continue;
        }
        if (!co_await rt::sleep_for(round, scope.forever())) co_return;
        const std::vector<ConnectionPtr> all(open.begin(), open.end());
        for (const ConnectionPtr& each : all) each->look_after(clock.steady());
    }
}

Sockets::Sockets(const EndpointParts& parts, const EndpointOptions& options)
    : impl_(std::make_unique<Impl>(SocketContext{parts, options})) {}

Sockets::~Sockets() = default;

http::Response Sockets::upgrade(std::shared_ptr<const http::Handshake> handshake) {
    Impl& impl = *impl_;
    if (impl.open.size() >= impl.context.options.sockets_max || impl.scope.is_cancelled()) {
        return refuse(
            Media::kJson, 503, Failure{.message = "too many sockets; try again later", .code = "busy"}
        );
    }
    const auto dialect = choose_dialect(handshake->headers().get("sec-websocket-protocol"));
    http::Response out;
    auto& upgrade = out.upgrade.emplace();
    if (dialect) upgrade.subprotocol = name(*dialect);
    upgrade.message_bytes_max = impl.context.options.socket_message_bytes_max;
    auto connection =
        std::make_shared<SocketConnection>(impl.context, dialect, std::move(handshake), impl.clock.steady());
    upgrade.session = [&impl, connection](http::WebSocket socket) {
        return impl.serve(connection, std::move(socket));
    };
    return out;
}

std::size_t Sockets::size() const {
    return impl_->open.size();
}

rt::Task<void> Sockets::close() {
    const std::vector<Impl::ConnectionPtr> all(impl_->open.begin(), impl_->open.end());
    for (const auto& each : all)
        each->close(socket_close(close_code::kGoingAway, "The server is shutting down"));
    const auto by = rt::Deadline::in(kCloseTimeout);
    while (!impl_->open.empty() && !by.is_over()) (void)co_await impl_->wake.wait(by);
    co_await impl_->scope.close();
}

}  // namespace weft::graphql::detail
