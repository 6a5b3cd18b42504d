#include "platform/http/detail/connection.h"

#include "platform/http/detail/exchange.h"

namespace weft::http::detail {

using boost::system::error_code;

Connection::Connection(ServerCore& core, Socket socket, std::string peer)
    : core_(core), wire_(core, std::move(socket)), peer_(std::move(peer)) {
    self_ = core_.open.insert(core_.open.end(), this);
    ++core_.stats.connections;
}

Connection::~Connection() {
    core_.open.erase(self_);
    --core_.stats.connections;
    core_.closed.notify_all();
}

void Connection::drain() {
    if (under_way_ != nullptr) under_way_->drain();
}

rt::Task<void> Connection::serve() {
    error_code ec;
    wire_.socket().non_blocking(true, ec);
    auto next = Next::kKeepAlive;
    while (!ec && next == Next::kKeepAlive) {
        Exchange exchange(core_, wire_, peer_);
        under_way_ = &exchange;
        next = co_await exchange.serve();
        under_way_ = nullptr;
    }
    wire_.socket().close(ec);
}

}  // namespace weft::http::detail
