#pragma once

#include "control/graphql/serve/serve.h"

#include <memory>

namespace weft::graphql::detail {

/// Does a GET ask for a WebSocket?
bool is_upgrade(const http::Request& request);

/// All sockets of one endpoint. Speaks graphql-transport-ws and the older graphql-ws. One timer looks after
/// them all: pings, credentials that end, sockets that never say who they are.
class Sockets {
  public:
    /// Everything given outlives it.
    Sockets(
        rt::Loop& loop, Engine& engine, Live& live, Authenticate authenticate, const EndpointOptions& options
    );
    /// `close` must have finished.
    ~Sockets();

    /// The answer to a request for which `is_upgrade` holds; its Origin has been checked.
    http::Response upgrade(http::Request request);
    /// Closes all (1001) and waits until they are gone.
    rt::Task<void> close();
    std::size_t size() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::graphql::detail
