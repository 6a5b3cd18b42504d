#pragma once

#include "graphql/serve/serve.h"

#include <memory>

namespace weft::graphql::detail {

/// All sockets of one endpoint. Speaks graphql-transport-ws and the older graphql-ws. One timer looks after
/// them all: pings, and sockets that never say who they are.
class Sockets {
  public:
    /// Everything given outlives it.
    Sockets(const EndpointParts& parts, const EndpointOptions& options);
    /// `close` must have finished.
    ~Sockets();

    /// The answer to a request for a socket, unless a foreign page sent it.
    http::Response upgrade(std::shared_ptr<const http::Handshake> handshake);
    /// Closes all (1001) and waits until they are gone.
    rt::Task<void> close();
    std::size_t size() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::graphql::detail
