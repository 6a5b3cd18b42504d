#pragma once

#include "platform/http/detail/wire.h"
#include "platform/rt/scope.h"

#include <memory>

namespace weft::http::detail {

/// Completes the WebSocket handshake on `socket`, publishes the stream in `opened` and runs the session,
/// whose deadline is `scope`'s.
rt::Task<void> run_websocket(
    Socket socket,
    Request head,
    Upgrade upgrade,
    rt::Scope& scope,
    rt::Loop& loop,
    std::shared_ptr<WebSocket::Impl>& opened
);

}  // namespace weft::http::detail
